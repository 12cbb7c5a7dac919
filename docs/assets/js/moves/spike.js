// Chapter 8: drag the width of a component that sits on a data point.

import { bell } from "./normal.js";
import { minus, pull } from "./parts.js";
import { inPixels, words } from "./picture.js";

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

/** The two normals that `mixnotes.em` finds, a local maximum: weight, mean, sd. */
export const fit = [
  [0.3608860738, 54.614856141, 5.871219412],
  [0.6391139262, 80.091069403, 5.867734424],
];
export const best = sum((x) => Math.log(fit.reduce((p, [w, ...part]) => p + w * bell(x, ...part), 0)));

const places = { 79: "79, ten times", 78: "78, fifteen times", 43: "43, once" };
const power = (s) => (s < 0.01 ? minus(s.toExponential(1)) : s.toPrecision(2));
const [LOW, HIGH, TOP] = [-30, 1, 0.062];

export default function spike(box, { weight }) {
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <label>Ben's narrow normal: its sd, in minutes: <b></b>
      <input type="range" min="${LOW}" max="${HIGH}" step="0.1" value="0"></label>
    <div role="radiogroup" style="display:flex;flex-wrap:wrap;align-items:center;gap:0 1.1em" aria-label="Where the narrow normal sits"><span>It sits at</span> ${Object.entries(places).map(([x, name]) => `
      <label><input type="radio" name="place" value="${x}" ${x === "79" ? "checked" : ""}> ${name}</label>`).join("")}</div>
    <p role="status" aria-live="polite"></p>`;
  const [slider, value, svg, status] = ["[type=range]", "label b", "svg", "[role=status]"].map((q) => box.querySelector(q));
  const grid = Array.from({ length: 311 }, (_, k) => LOW + k / 10);
  const minutes = Array.from({ length: 241 }, (_, k) => 40 + k / 4);
  const side = (width) => width >= 480;
  let curveAt; // where the landscape lies in the drawing: [left, width, top]

  function paint(width) {
    const at = +box.querySelector("[name=place]:checked").value;
    const s = 10 ** slider.valueAsNumber;
    const here = logLikelihood(weight, at, s);
    const curve = grid.map((log) => logLikelihood(weight, at, 10 ** log));
    const [low, high] = [Math.min(...curve, best), Math.max(...curve, best)];
    const half = side(width) ? width / 2 - 14 : width;
    const [left, top] = side(width) ? [width / 2 + 14, 0] : [0, 176];
    curveAt = [left, half, top];
    const X = (x) => 4 + ((x - 40) * (half - 8)) / 60;
    const Y = (y) => 136 - Math.min(y, TOP) * (114 / TOP);
    const S = (log) => left + 4 + ((log - LOW) * (half - 8)) / (HIGH - LOW);
    const H = (h) => top + 34 + (94 * (high - h)) / (high - low);
    const all = (x) => weight * bell(x, at, s) + (1 - weight) * bell(x, mean, sd);
    const part = (x) => weight * bell(x, at, s);
    const two = (x) => fit.reduce((p, [w, ...own]) => p + w * bell(x, ...own), 0);
    const xs = [...minutes, at, at - s, at + s, at - 2 * s, at + 2 * s].sort((a, b) => a - b);
    const line = (f) => xs.map((x) => `${X(x).toFixed(1)} ${Y(f(x)).toFixed(1)}`).join("L");
    const base = `L${X(100)} 136L${X(40)} 136Z`;
    const tall = all(at) > 100 ? all(at).toExponential(0).replace("+", "") : all(at).toPrecision(2);
    const bar = (half - 8) / 60;
    const dotX = S(Math.log10(s)), dotY = H(here);
    svg.innerHTML = `
      ${counts.map((count, k) => `<rect x="${(X(first + k) - bar / 2).toFixed(1)}" y="${Y(count / n).toFixed(1)}" width="${(bar - 0.6).toFixed(1)}" height="${(136 - Y(count / n)).toFixed(1)}" fill="var(--mx-rule)"/>`).join("")}
      <path d="M${line(all)}${base}" fill="var(--mx-2)" fill-opacity=".75"/>
      <path d="M${line(part)}${base}" fill="var(--mx-1)" fill-opacity=".85" data-tie="spread weight"/>
      <path d="M${X(at)} 136V${Y(all(at))}" stroke="var(--mx-1)" stroke-width="2" data-tie="mean"/>
      <path d="M${line(two)}" fill="none" stroke="var(--mx-ink)" stroke-width="1.6" stroke-dasharray="5 3"/>
      <path d="M${X(40)} 136H${X(100)}" stroke="var(--mx-ink)"/>
      ${[50, 60, 70, 80, 90].map((x) => words(X(x), 151, x)).join("")}
      ${words(X(40), 167, "minutes to the next eruption", { anchor: "start" })}
      ${words(X(46), Y(0.034), "Ada")}${words(X(66), Y(0.0165), "Ben")}
      ${all(at) > TOP ? words(X(at) + (at > 60 ? -8 : 8), 16, `goes on up to ${minus(tall)}`, { anchor: at > 60 ? "end" : "start", color: 1 }) : ""}
      <path d="M${S(LOW)} ${H(best)}H${S(HIGH)}" stroke="var(--mx-ink)" stroke-dasharray="5 3"/>
      <path d="M${grid.map((log, k) => `${S(log).toFixed(1)} ${H(curve[k]).toFixed(1)}`).join("L")}" fill="none" stroke="var(--mx-1)" stroke-width="2.5"/>
      <circle cx="${dotX}" cy="${dotY}" r="7" fill="var(--mx-1)" stroke="var(--mx-paper)" stroke-width="2"/>
      <path d="M${S(LOW)} ${top + 136}H${S(HIGH)}" stroke="var(--mx-ink)"/>
      ${[-30, -20, -10, 0].map((log) => words(log === LOW ? S(log) : S(log), top + 151, log ? minus(`1e${log}`) : "1", { anchor: log === LOW ? "start" : "middle" })).join("")}
      ${words(S(HIGH), top + 167, "sd of Ben's narrow normal", { anchor: "end" })}
      ${words(S(HIGH), H(best) - 6, `Ada, ${minus(best.toFixed(0))}`, { anchor: "end" })}
      ${words(left + 4, top + 14, `log-likelihood: Ben, ${minus(here.toFixed(2))}`, { anchor: "start", color: 1 })}`;
  }
  const again = inPixels(svg, (width) => (side(width) ? 174 : 350), paint);

  function draw(announce) {
    const s = 10 ** slider.valueAsNumber;
    value.textContent = power(s);
    slider.setAttribute("aria-valuetext", `${power(s)} minutes`);
    again();
    if (!announce) return;
    const here = logLikelihood(weight, +box.querySelector("[name=place]:checked").value, s);
    const over = here - best;
    status.textContent = `With a standard deviation of ${power(s)} minute${s === 1 ? "" : "s"} Ben's log-likelihood is ${minus(here.toFixed(2))}, ${Math.abs(over).toFixed(2)} ${over > 0 ? "above" : "below"} Ada's.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => draw(true));
  pull(
    svg,
    slider,
    (x) => LOW + ((x - curveAt[0] - 4) * (HIGH - LOW)) / (curveAt[1] - 8),
    (x, y) => x > curveAt[0] - 6 && y > curveAt[2],
    "along the log-likelihood",
  );
  draw(true);
}
