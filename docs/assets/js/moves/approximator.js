// Chapter 9: four densities and the mixtures of K normals that the page's Python found.

import { bell } from "./choice.js";
import { dot } from "./parts.js";

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
  let [l1, sup] = [0, gap[0]];
  for (let k = 1; k < x.length; k++) {
    l1 += ((x[k] - x[k - 1]) * (gap[k] + gap[k - 1])) / 2;
    sup = Math.max(sup, gap[k]);
  }
  return { l1, sup };
}

export default function approximator(box) {
  const found = JSON.parse(box.querySelector("[hidden]").textContent);
  const names = Object.keys(targets);
  box.innerHTML = `
    <div role="radiogroup" style="margin-bottom:.6em" aria-label="The target">${names.map((name) => `
      <label style="display:inline-block;margin-right:1em"><input type="radio" name="target" value="${name}" ${name === "uniform" ? "checked" : ""}> ${name}</label>`).join("")}</div>
    <label>K, the number of components: <b></b>
      <input type="range" min="0" max="${found[0].length - 1}" step="1" value="3"></label>
    <svg viewBox="0 0 340 190" aria-hidden="true"></svg>
    <dl></dl><p class="mx-said" role="status" aria-live="polite"></p>`;
  const [slider, value, svg, list, status] = ["[type=range]", "label b", "svg", "dl", "[role=status]"].map((q) => box.querySelector(q));

  function draw(announce) {
    const name = box.querySelector("[name=target]:checked").value;
    const target = targets[name];
    const rows = found[names.indexOf(name)][slider.valueAsNumber];
    const { l1, sup } = errors(rows, target);
    const { from, to, top, ticks } = target;
    const X = (x) => 12 + (316 * (x - from)) / (to - from);
    const Y = (y) => 164 - (154 * y) / top;
    const even = Array.from({ length: 401 }, (_, k) => from + ((to - from) * k) / 400);
    const near = rows.flatMap(([, mean, sd]) => [-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3].map((z) => mean + z * sd));
    const edges = ticks.flatMap((x) => [x - 1e-9, x + 1e-9]);
    const xs = [...even, ...near.filter((x) => x > from && x < to), ...edges].sort((a, b) => a - b);
    const line = (f) => xs.map((x) => `${X(x).toFixed(1)} ${Y(f(x)).toFixed(1)}`).join("L");
    value.textContent = rows.length;
    slider.setAttribute("aria-valuetext", `${rows.length}`);
    svg.innerHTML = `
      <path d="M${line(target.f)}L${X(to)} ${Y(0)}L${X(from)} ${Y(0)}Z" fill="var(--mx-muted)" fill-opacity=".35"/>
      <path d="M${line((x) => density(rows, x))}" fill="none" stroke="var(--mx-accent)" stroke-width="2"/>
      <path d="M12 ${Y(0)}H328" stroke="var(--mx-ink)"/>
      ${ticks.map((x) => `<text x="${X(x)}" y="182" text-anchor="middle">${String(x).replace("-", "−")}</text>`).join("")}`;
    const [a, b] = [l1.toFixed(4), sup.toFixed(3)];
    list.innerHTML = `
      <dt>${dot("muted", "square")}the density</dt><dd>${name}</dd>
      <dt>${dot("accent")}the mixture found</dt><dd>K = ${rows.length}</dd>
      <dt>L1 error</dt><dd><b>${a}</b></dd>
      <dt>sup error</dt><dd><b>${b}</b></dd>`;
    if (announce) status.textContent = `The ${name} density, K = ${rows.length}: L1 error ${a}, sup error ${b}.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => draw(true));
  draw(true);
}
