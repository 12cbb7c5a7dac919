// Chapter 1: weight and separation of two normal components, one mode or two.

import { bell } from "./normal.js";
import { minus } from "./parts.js";
import { wide } from "./wide.js";

/** Where the mixture of N(-s/2, 1), of weight p, and N(s/2, 1) has its maxima. */
export function modes(p, s) {
  const d = s / 2;
  const level = Math.log(p / (1 - p));
  const h = (x) => 2 * d * x + Math.log((d - x) / (d + x)); // above the level the density rises
  const top = (low, high) => {
    for (let k = 0; k < 60; k++) {
      const middle = (low + high) / 2;
      if (h(middle) > level) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  const x0 = Math.sqrt(Math.max(d * d - 1, 0));
  return Math.abs(level) < (d > 1 ? h(x0) : 0) ? [top(-d, -x0), top(x0, d)] : [top(-d, d)];
}

export const density = (x, p, s) => p * bell(x, -s / 2, 1) + (1 - p) * bell(x, s / 2, 1);
export const moments = (p, s) => ({
  mean: (0.5 - p) * s,
  variance: 1 + p * (1 - p) * s * s, // within and between
  ofAverage: p * p + (1 - p) * (1 - p), // of two independent draws, averaged by weight
});

export default function choice(box, { p, s }) {
  box.innerHTML = `
    <svg preserveAspectRatio="xMidYMid" aria-hidden="true"></svg>
    <label>π, the weight of A: <b data-tie="weight"></b>
      <input type="range" min="0" max="1" step="0.01" value="${p}"></label>
    <label>s, the separation in standard deviations: <b data-tie="separation"></b>
      <input type="range" min="0" max="6" step="0.1" value="${s}"></label>
    <dl></dl><p class="mx-said" role="status" aria-live="polite"></p>`;
  const [svg, list, status] = ["svg", "dl", "[role]"].map((q) => box.querySelector(q));
  const [weight, separation] = box.querySelectorAll("input");
  const grid = Array.from({ length: 221 }, (_, k) => -5.5 + k / 20);

  const redraw = wide(svg, (width) => {
    const X = (x) => (width / 2) * (1 + x / 5.5);
    const Y = (y) => 190 - 300 * y;
    const { mean, ofAverage } = moments(p, s);
    const part = (x) => p * bell(x, -s / 2, 1);
    const all = (x) => density(x, p, s);
    const average = (x) => bell(x, mean, Math.sqrt(ofAverage));
    const line = (f) => grid.map((x) => `${X(x).toFixed(1)} ${Y(f(x)).toFixed(1)}`).join("L");
    const base = `L${width} ${Y(0)}L0 ${Y(0)}Z`;
    const tops = modes(p, s);
    const high = (x) => Math.max(Y(Math.max(all(x), average(x))) - 8, 14);
    const name = (x, words, y) => `<text x="${X(x)}" y="${y}" text-anchor="middle">${words}</text>`;
    const labels = s < 1 ? "" : (p > 0.02 ? name(-s / 2 - 1.6, "A", Math.min(Y(all(-s / 2 - 1.6)) - 8, 180)) : "") +
      (p < 0.98 ? name(s / 2 + 1.6, "B", Math.min(Y(all(s / 2 + 1.6)) - 8, 180)) : "");
    svg.innerHTML = `
      <path d="M${line(all)}${base}" fill="var(--mx-2)"/>
      <path d="M${line(part)}${base}" fill="var(--mx-1)" data-tie="weight"/>
      <path d="M${line(all)}" fill="none" stroke="var(--mx-ink)" stroke-width="2"/>
      <path d="M${line(average)}" fill="none" stroke="var(--mx-muted)" stroke-width="1.5" stroke-dasharray="4 3"/>
      ${tops.map((x) => `<circle cx="${X(x)}" cy="${Y(all(x))}" r="4.5" fill="var(--mx-ink)"/>`).join("")}
      ${labels}${name(mean, "the average", high(mean))}
      <path d="M0 ${Y(0)}H${width}" stroke="var(--mx-ink)"/>
      ${[-4, -2, 0, 2, 4].map((x) => name(x, minus(x), 206)).join("")}
      <text x="${width}" y="206" text-anchor="end">x</text>`;
    return 212;
  });

  function draw(announce) {
    [p, s] = [weight.valueAsNumber, separation.valueAsNumber];
    const { mean, variance, ofAverage } = moments(p, s);
    const many = modes(p, s).length;
    redraw();
    const [v, m, average] = [variance, mean + 0, ofAverage].map((value) => minus(value.toFixed(2).replace("-0.00", "0.00")));
    weight.previousElementSibling.textContent = p.toFixed(2);
    separation.previousElementSibling.textContent = s.toFixed(1);
    list.innerHTML = `
      <dt>modes (dots)</dt><dd><b>${many}</b></dd>
      <dt>mean</dt><dd>${m}</dd>
      <dt>variance</dt><dd>1 + ${(variance - 1).toFixed(2)} = ${v}</dd>
      <dt>variance of average</dt><dd>${average}</dd>`;
    if (!announce) return;
    status.textContent = `${many === 1 ? "One mode" : "Two modes"}; mean ${m}, variance ${v}; the average has the same mean and a variance of ${average}.`;
  }
  for (const slider of [weight, separation]) {
    slider.addEventListener("input", () => draw(false));
    slider.addEventListener("change", () => draw(true));
  }
  draw(true);
}
