// Chapter 4: drag the weight, see the gap between the log-likelihood and its bound.

import { emStep, posterior } from "./marbles.js";
import { dot, minus } from "./parts.js";

/** The log-likelihood a marble, where a share xbar is red. */
export function logLikelihood(p, xbar, a, b) {
  const red = p * a + (1 - p) * b;
  return xbar * Math.log(red) + (1 - xbar) * Math.log(1 - red);
}

const part = (q, r) => (q > 0 ? q * Math.log(q / r) : 0);

/** KL(q || posterior at p) a marble, with q the posterior at `from`. */
export function divergence(from, p, xbar, a, b) {
  const of = (red) => {
    const [q, r] = [posterior(from, a, b, red), posterior(p, a, b, red)];
    return part(q, r) + part(1 - q, 1 - r);
  };
  return xbar * of(true) + (1 - xbar) * of(false);
}

/** The lower bound a marble at p, with q the posterior at `from`. */
export function lowerBound(from, p, xbar, a, b) {
  const of = (red) => {
    const q = posterior(from, a, b, red);
    return -part(q, p * (red ? a : 1 - a)) - part(1 - q, (1 - p) * (red ? b : 1 - b));
  };
  return xbar * of(true) + (1 - xbar) * of(false);
}

export default function bound(box, { p, redA: a, redB: b, xbar }) {
  box.innerHTML = `
    <label>π, the weight of A: <b></b>
      <input type="range" min="0.01" max="0.99" step="0.01" value="${p}"></label>
    <div>${["E-step", "M-step", "Reset"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <svg viewBox="0 0 340 200" aria-hidden="true"></svg>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [slider, value, svg, list, status] = ["input", "b", "svg", "dl", "[role]"].map((q) => box.querySelector(q));
  const [e, m, reset] = box.querySelectorAll("button");
  let [from, now] = [p, p];

  const grid = Array.from({ length: 197 }, (_, k) => 0.01 + k / 200);
  const heights = grid.map((w) => logLikelihood(w, xbar, a, b));
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const X = (w) => 12 + 316 * w;
  const Y = (h) => 14 + (140 * (high - h)) / (high - low || 1);
  const line = (f) => grid.map((w) => `${X(w).toFixed(1)} ${Math.min(Y(f(w)), 999).toFixed(1)}`).join("L");
  const short = (w) => String(+w.toFixed(6));

  function draw(message) {
    const [top, under, gap] = [logLikelihood, (...all) => lowerBound(from, ...all), (...all) => divergence(from, ...all)]
      .map((f) => f(now, xbar, a, b));
    value.textContent = short(now);
    svg.innerHTML = `
      <clipPath id="mx-bound"><path d="M0 0H340V172H0Z"/></clipPath>
      <g clip-path="url(#mx-bound)" fill="none" stroke-width="2">
        <path d="M${line((w) => lowerBound(from, w, xbar, a, b))}" stroke="var(--mx-muted)"/>
        <path d="M${line((w) => logLikelihood(w, xbar, a, b))}" stroke="var(--mx-ink)"/>
        <path d="M${X(now)} ${Y(top)}V${Math.min(Y(under), 999)}" stroke="var(--mx-accent)" stroke-width="4"/>
      </g>
      <circle cx="${X(from)}" cy="${Y(logLikelihood(from, xbar, a, b))}" r="5" fill="var(--mx-muted)"/>
      <circle cx="${X(now)}" cy="${Y(top)}" r="4" fill="var(--mx-accent)"/>
      <path d="M12 172H328" stroke="var(--mx-ink)"/>
      ${[0, 0.5, 1].map((w) => `<text x="${X(w)}" y="190" text-anchor="middle">${w}</text>`).join("")}`;
    list.innerHTML = `
      <dt>${dot("ink")}log-likelihood</dt><dd>${minus(top.toFixed(6))}</dd>
      <dt>${dot("muted")}bound, q from ${short(from)}</dt><dd>${minus(under.toFixed(6))}</dd>
      <dt>${dot("accent")}gap = KL(q ‖ posterior)</dt><dd><b>${gap.toFixed(6)}</b></dd>`;
    if (message) status.textContent = message(minus(top.toFixed(6)), gap.toFixed(6));
  }

  slider.addEventListener("input", () => {
    now = slider.valueAsNumber;
    draw();
  });
  slider.addEventListener("change", () =>
    draw((top, gap) => `At ${short(now)} the log-likelihood is ${top}; the bound is lower by ${gap}.`));
  const go = (w, message) => {
    slider.value = now = w;
    draw(message);
  };
  e.onclick = () => {
    from = now;
    draw((top) => `E-step: q is the posterior at ${short(now)}. The gap is closed, at ${top}.`);
  };
  m.onclick = () =>
    go(emStep(from, xbar, a, b), (top, gap) => `M-step: π is ${short(now)}, the top of the bound. The log-likelihood is ${top}, the gap ${gap}.`);
  reset.onclick = () => {
    from = p;
    go(p, () => `q is the posterior at ${p}. Move π, or press M-step.`);
  };
  reset.onclick();
}
