// Chapter 9: four densities and the mixtures of K normals that the page's Python found.

import { bell } from "./normal.js";
import { inPixels, words } from "./picture.js";

/** Each target: its density, where its error is measured, what the picture shows and how high. */
export const targets = {
  uniform: { f: (x) => (x > 0 && x < 1 ? 1 : 0), low: -1, high: 2, from: -0.5, to: 1.5, top: 1.7, ticks: [0, 1] },
  exponential: { f: (x) => (x > 0 ? Math.exp(-x) : 0), low: -5, high: 25, from: -1, to: 5, top: 1.7, ticks: [0, 2, 4] },
  triangle: { f: (x) => Math.max(1 - Math.abs(x), 0), low: -3, high: 3, from: -1.5, to: 1.5, top: 1.1, ticks: [-1, 0, 1] },
  Laplace: { f: (x) => Math.exp(-Math.abs(x)) / 2, low: -18, high: 18, from: -5, to: 5, top: 0.55, ticks: [-4, 0, 4] },
};

/** The density at x of a mixture given as rows of weight, mean and standard deviation. */
export const density = (rows, x) => rows.reduce((total, [weight, mean, sd]) => total + weight * bell(x, mean, sd), 0);

const Z = Array.from({ length: 241 }, (_, k) => -6 + k / 20);
const BESIDE = [-1e-12, 1e-12, 1 - 1e-12, 1 + 1e-12]; // the jumps, at 0 and 1

/** The L1 and the sup error on 15,001 nodes, more about each component, and just beside
    0 and 1: as in the page's Python. */
export function errors(rows, { f, low, high }) {
  const even = Array.from({ length: 15_001 }, (_, k) => low + ((high - low) * k) / 15_000);
  const near = rows.flatMap(([, mean, sd]) => Z.map((z) => mean + z * sd));
  const x = Float64Array.from([...even, ...BESIDE, ...near]).sort();
  const gap = x.map((v) => Math.abs(density(rows, v) - f(v)));
  let [l1, worst] = [0, 0];
  for (let k = 1; k < x.length; k++) {
    l1 += ((x[k] - x[k - 1]) * (gap[k] + gap[k - 1])) / 2;
    if (gap[k] > gap[worst]) worst = k;
  }
  return { l1, sup: gap[worst], at: x[worst] };
}

export default function approximator(box) {
  const found = JSON.parse(document.querySelector("[data-of='approximator']").textContent);
  const names = Object.keys(targets);
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <label>K, the number of normals: <b></b>
      <input type="range" min="0" max="${found[0].length - 1}" step="1" value="1"></label>
    <div role="radiogroup" style="display:flex;flex-wrap:wrap;gap:0 1.1em" aria-label="The density">${names.map((name) => `
      <label><input type="radio" name="target" value="${name}" ${name === "uniform" ? "checked" : ""}> ${name}</label>`).join("")}</div>
    <p class="mx-said" role="status" aria-live="polite"></p>`;
  const [slider, value, svg, status] = ["[type=range]", "label b", "svg", "[role=status]"].map((q) => box.querySelector(q));
  const chosen = () => {
    const name = box.querySelector("[name=target]:checked").value;
    return [name, targets[name], found[names.indexOf(name)][slider.valueAsNumber]];
  };
  const measured = new Map(); // errors are over 15,000 nodes: once each
  function measure() {
    const [, target, rows] = chosen();
    if (!measured.has(rows)) measured.set(rows, errors(rows, target));
    return measured.get(rows);
  }
  const tall = (width) => (width > 480 ? 270 : 206);

  const again = inPixels(svg, tall, (width) => {
    const [, { f, from, to, top, ticks }, rows] = chosen();
    const { l1, sup, at } = measure();
    const foot = tall(width) - 22;
    const X = (x) => 4 + ((width - 8) * (x - from)) / (to - from);
    const Y = (y) => foot - ((foot - 30) * y) / top;
    const even = Array.from({ length: 401 }, (_, k) => from + ((to - from) * k) / 400);
    const near = rows.flatMap(([, mean, sd]) => [-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3].map((z) => mean + z * sd));
    const edges = ticks.flatMap((x) => [x - 1e-9, x + 1e-9]);
    const xs = [...even, ...near.filter((x) => x > from && x < to), ...edges].sort((a, b) => a - b);
    const g = (x) => density(rows, x);
    const line = (all, h) => all.map((x) => `${X(x).toFixed(1)} ${Y(h(x)).toFixed(1)}`).join("L");
    const left = X(at) > width - 110;
    svg.innerHTML = `
      <path d="M${line(xs, f)}L${X(to)} ${foot}L${X(from)} ${foot}Z" fill="var(--mx-muted)" fill-opacity=".22"/>
      <path d="M${line(xs, f)}L${line([...xs].reverse(), g)}Z" fill="var(--mx-accent)" fill-opacity=".38" fill-rule="evenodd"/>
      ${rows.map(([w, mean, sd]) => `<path d="M${line(xs, (x) => w * bell(x, mean, sd))}" fill="none" stroke="var(--mx-accent)" stroke-width=".8" stroke-opacity=".7" data-tie="size"/>`).join("")}
      <path d="M${line(xs, f)}" fill="none" stroke="var(--mx-ink)" stroke-width="1.6"/>
      <path d="M${line(xs, g)}" fill="none" stroke="var(--mx-accent)" stroke-width="2.2"/>
      <path d="M${X(at)} ${Y(f(at))}V${Y(g(at))}" stroke="var(--mx-ink)" stroke-width="4"/>
      <path d="M4 ${foot}H${width - 4}" stroke="var(--mx-ink)"/>
      ${ticks.map((x) => words(X(x), foot + 16, String(x).replace("-", "−"))).join("")}
      ${words(X(at) + (left ? -8 : 8), Y((f(at) + g(at)) / 2) + 4, `gap ${sup.toFixed(3)}`, { anchor: left ? "end" : "start" })}
      ${words(4, 16, `area between: ${l1.toFixed(4)}`, { anchor: "start", color: "accent" })}
      ${words(width - 4, 16, rows.length === 1 ? "one normal" : `${rows.length} normals`, { anchor: "end", color: "accent" })}`;
  });

  function draw(announce) {
    const [name, , rows] = chosen();
    value.textContent = rows.length;
    slider.setAttribute("aria-valuetext", `${rows.length}`);
    again();
    const { l1, sup } = measure();
    if (announce) status.textContent = `The ${name} density, K = ${rows.length}: L1 error ${l1.toFixed(4)}, sup error ${sup.toFixed(3)}.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => draw(true));
  draw(true);
}
