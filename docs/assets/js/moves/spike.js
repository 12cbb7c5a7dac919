// Chapter 8: drag the width of a component that sits on a data point.

import { bell } from "./choice.js";
import { dot, minus } from "./parts.js";

/** Old Faithful's waiting times in minutes (`mixnotes.datasets.faithful`): from 43 to 96,
    how often each occurs. */
export const first = 43;
export const counts = [
  1, 0, 3, 5, 4, 3, 5, 5, 6, 5, 7, 9, 6, 4, 3, 4, 7, 6, 0, 4, 3, 4, 3, 2, 1, 1, 2, 4, 5, 1, 7, 6, 8, 9, 12, 15, 10, 8,
  13, 12, 14, 10, 6, 6, 2, 6, 3, 6, 1, 1, 2, 1, 0, 1,
];
const n = counts.reduce((a, b) => a + b);
const sum = (f) => counts.reduce((total, count, k) => total + count * f(first + k), 0);
export const mean = sum((x) => x) / n;
export const sd = Math.sqrt(sum((x) => (x - mean) ** 2) / n);

/** The log-likelihood of weight w at Normal(at, s), the rest at the normal of all data. */
export const logLikelihood = (w, at, s) => sum((x) => Math.log(w * bell(x, at, s) + (1 - w) * bell(x, mean, sd)));

/** The log-likelihood of the two normals that `mixnotes.em` finds, a local maximum. */
export const best = -1034.0017498;

const places = { 79: "79, ten times", 78: "78, fifteen times", 43: "43, once" };
const power = (s) => (s < 0.01 ? minus(s.toExponential(1)) : s.toPrecision(2));

export default function spike(box, { weight }) {
  box.innerHTML = `
    <div role="radiogroup" style="margin-bottom:.6em" aria-label="Where the narrow component sits">It sits at ${Object.entries(places).map(([x, name]) => `
      <label style="display:inline-block;margin-left:1em"><input type="radio" name="place" value="${x}" ${x === "79" ? "checked" : ""}> ${name}</label>`).join("")}</div>
    <label>its standard deviation in minutes: <b></b>
      <input type="range" min="-30" max="1" step="0.1" value="0.8"></label>
    <svg viewBox="0 0 340 236" aria-hidden="true"></svg>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [slider, value, svg, list, status] = ["[type=range]", "label b", "svg", "dl", "[role=status]"].map((q) => box.querySelector(q));
  const grid = Array.from({ length: 311 }, (_, k) => -30 + k / 10);
  const minutes = Array.from({ length: 241 }, (_, k) => 40 + k / 4);
  const X = (x) => 12 + ((x - 40) * 316) / 60;
  const Y = (y) => 88 - Math.min(y, 0.06) * 1400;
  const S = (log) => 12 + ((log + 30) * 316) / 31;

  function draw(announce) {
    const at = +box.querySelector("[name=place]:checked").value;
    const s = 10 ** slider.valueAsNumber;
    const here = logLikelihood(weight, at, s);
    const curve = grid.map((log) => logLikelihood(weight, at, 10 ** log));
    const [low, high] = [Math.min(...curve, best), Math.max(...curve, best)];
    const H = (h) => 112 + (92 * (high - h)) / (high - low);
    value.textContent = power(s);
    slider.setAttribute("aria-valuetext", `${power(s)} minutes`);
    const all = (x) => weight * bell(x, at, s) + (1 - weight) * bell(x, mean, sd);
    const part = (x) => weight * bell(x, at, s);
    const xs = [...minutes, at, at - s, at + s, at - 2 * s, at + 2 * s].sort((a, b) => a - b);
    const line = (f) => xs.map((x) => `${X(x).toFixed(1)} ${Y(f(x)).toFixed(1)}`).join("L");
    const base = `L${X(100)} 88L${X(40)} 88Z`;
    svg.innerHTML = `
      ${counts.map((count, k) => `<path d="M${X(first + k)} 91v${count}" stroke="var(--mx-muted)" stroke-width="3"/>`).join("")}
      <path d="M${line(all)}${base}" fill="var(--mx-2)"/>
      <path d="M${line(part)}${base}" fill="var(--mx-1)"/>
      <path d="M${X(at)} 88V${Y(all(at))}" stroke="var(--mx-1)" stroke-width="1.5"/>
      <path d="M12 ${H(best)}H328" stroke="var(--mx-muted)" stroke-dasharray="4 3"/>
      <path d="M${grid.map((log, k) => `${S(log).toFixed(1)} ${H(curve[k]).toFixed(1)}`).join("L")}" fill="none" stroke="var(--mx-ink)" stroke-width="2"/>
      <circle cx="${S(Math.log10(s))}" cy="${H(here)}" r="5" fill="var(--mx-accent)"/>
      <path d="M12 210H328" stroke="var(--mx-ink)"/>
      ${[-30, -20, -10, 0].map((log) => `<text x="${S(log)}" y="228" text-anchor="${log === -30 ? "start" : "middle"}">${log ? minus(`1e${log}`) : 1}</text>`).join("")}`;
    const over = here - best;
    const tall = all(at) > 100 ? all(at).toExponential(1).replace("+", "") : all(at).toPrecision(2);
    list.innerHTML = `
      <dt>${dot("accent")}log-likelihood</dt><dd><b>${minus(here.toFixed(2))}</b></dd>
      <dt>${dot("muted")}the fit (dashed)</dt><dd>${minus(best.toFixed(2))}</dd>
      <dt>density at ${at}</dt><dd>${minus(tall)}</dd>`;
    if (!announce) return;
    const side = over > 0 ? "above" : "below";
    status.textContent = `At ${power(s)} minutes the log-likelihood is ${minus(here.toFixed(2))}, ${Math.abs(over).toFixed(2)} ${side} the fit.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => draw(true));
  draw(true);
}
