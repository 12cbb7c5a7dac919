// Chapter 17: two lines and a gate over x. The gate is dragged, EM takes steps, and each
// dot has the tint of its responsibility.

import { dot, minus, pull, widthOf } from "./parts.js";
import { inPixels, points, words } from "./picture.js";

/** What all begin with: two flat lines, [level, slope], and their standard deviations. */
const FLAT = { lines: [[80, 0], [50, 0]], sd: [15, 15] };

const answer = ([level, slope], x) => level + slope * x;

/** log(1 + e^t), without overflow. */
const softplus = (t) => Math.max(t, 0) + Math.log1p(Math.exp(-Math.abs(t)));

/** The probability of the second line at x. */
export const gate = ({ a, b }, x) => Math.exp(-softplus(-(a + b * x)));

/** log p(y, z = k | x) of both lines. */
function logJoint({ a, b, lines, sd }, x, y) {
  const eta = a + b * x;
  return [-softplus(eta), -softplus(-eta)].map((log, k) => {
    const far = (y - answer(lines[k], x)) / sd[k];
    return log - (far * far) / 2 - Math.log(sd[k] * Math.sqrt(2 * Math.PI));
  });
}

/** The responsibility of the second line for each dot. */
export const responsibilities = (model, { x, y }) =>
  x.map((v, i) => {
    const [one, two] = logJoint(model, v, y[i]);
    return Math.exp(-softplus(one - two));
  });

export const logLikelihood = (model, { x, y }) =>
  x.reduce((sum, v, i) => {
    const [one, two] = logJoint(model, v, y[i]);
    return sum + one + softplus(two - one);
  }, 0);

/** Solves the symmetric (p q; q s) times an unknown = (u, v). */
const solve = ([p, q, s], [u, v]) => [(s * u - q * v) / (p * s - q * q), (p * v - q * u) / (p * s - q * q)];
const total = (of, x) => x.reduce((sum, v, i) => sum + of(v, i), 0);
const moments = (w, x) => [total((v, i) => w[i], x), total((v, i) => w[i] * v, x), total((v, i) => w[i] * v * v, x)];

/** One step of EM: a weighted line for each, and a step of Newton's for the gate. */
export function step(model, { x, y }) {
  const r = responsibilities(model, { x, y });
  const shares = [r.map((v) => 1 - v), r];
  const lines = shares.map((w) => solve(moments(w, x), [total((v, i) => w[i] * y[i], x), total((v, i) => w[i] * y[i] * v, x)]));
  const sd = shares.map((w, k) => Math.sqrt(total((v, i) => w[i] * (y[i] - answer(lines[k], v)) ** 2, x) / total((v, i) => w[i], x)));
  const height = (at) => total((v, i) => r[i] * (at.a + at.b * v) - softplus(at.a + at.b * v), x);
  const g = x.map((v) => gate(model, v));
  let [da, db] = solve(moments(g.map((p) => p * (1 - p)), x), [total((v, i) => r[i] - g[i], x), total((v, i) => (r[i] - g[i]) * v, x)]);
  let now = model;
  for (let k = 0; k < 30; k++, da /= 2, db /= 2) {
    const next = { a: model.a + da, b: model.b + db };
    if (height(next) >= height(model)) {
      now = next;
      break;
    }
  }
  return { a: now.a, b: now.b, lines, sd };
}

const [LEFT, RIGHT, LOW, HIGH] = [5, 31, 20, 120];

export default function experts(box, { place, steepness }) {
  const data = JSON.parse(box.querySelector(".mx-data").textContent);
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <p>${dot(1)}line 1 &emsp;${dot(2)}line 2 &emsp;<span aria-hidden="true">╌</span>&nbsp;their average, weighted by the gate</p>
    <label>Place of the gate: <b></b><input type="range" min="${LEFT}" max="${RIGHT}" step="0.1"></label>
    <label>Steepness: <b></b><input type="range" min="0" max="2" step="0.01"></label>
    <div>${["EM step", "Ten steps", "Start again"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [svg, list, status] = ["svg", "dl", "[role]"].map((q) => box.querySelector(q));
  const [where, steep] = box.querySelectorAll("input");
  const [one, ten, again] = box.querySelectorAll("button");
  let model, steps, moved, X;

  const say = (value, digits) => minus(value.toFixed(digits));
  const placeOf = () => -model.a / model.b;
  const told = () => (model.b ? `${say(placeOf(), 2)} km/h` : "nowhere");

  const FLOOR = 252, TOP = 292, BASE = 352;
  const draw = inPixels(svg, () => 392, (width) => {
    if (!model) return;
    X = (x) => 30 + ((x - LEFT) * (width - 38)) / (RIGHT - LEFT);
    const Y = (y) => FLOOR - ((y - LOW) * (FLOOR - 24)) / (HIGH - LOW);
    const G = (g) => BASE - g * (BASE - TOP);
    const grid = Array.from({ length: 105 }, (_, k) => LEFT + k / 4);
    const r = responsibilities(model, data);
    const dots = data.x.map((x, i) =>
      `<circle cx="${X(x).toFixed(1)}" cy="${Y(data.y[i]).toFixed(1)}" r="4" fill="color-mix(in oklab, var(--mx-2) ${(100 * r[i]).toFixed(1)}%, var(--mx-1))"/>`);
    const lines = model.lines.map((line, k) =>
      `<path d="M${points([LEFT, RIGHT], X, (x) => Y(answer(line, x)))}" stroke="var(--mx-${k + 1})" stroke-width="2.5"/>`);
    const mean = (x) => answer(model.lines[0], x) + gate(model, x) * (answer(model.lines[1], x) - answer(model.lines[0], x));
    svg.innerHTML = `
      <clipPath id="mx-experts"><rect x="30" y="20" width="${width - 38}" height="${FLOOR - 20}"/></clipPath>
      <g fill="none" clip-path="url(#mx-experts)"><g data-tie="line">${lines.join("")}</g>
        <path d="M${points(grid, X, (x) => Y(mean(x)))}" stroke="var(--mx-ink)" stroke-width="1.5" stroke-dasharray="5 4" class="mean"/></g>
      <g class="dots" data-tie="responsibility">${dots.join("")}</g>
      <path d="M30 20V${FLOOR}H${width - 8}M30 ${TOP}V${BASE}H${width - 8}" fill="none" stroke="var(--mx-ink)"/>
      ${[40, 60, 80, 100].map((y) => words(26, Y(y) + 5, y, { anchor: "end" })).join("")}
      ${words(4, 14, "turns a minute", { anchor: "start" })}
      <path d="M${points(grid, X, (x) => G(gate(model, x)))}" fill="none" stroke="var(--mx-2)" stroke-width="2.5" data-tie="gate"/>
      ${words(4, TOP - 12, "the gate: probability of line 2", { anchor: "start", tie: "gate" })}
      ${[0, 1].map((g) => words(26, G(g) + 5, g, { anchor: "end" })).join("")}
      ${[10, 15, 20, 25].map((x) => words(X(x), BASE + 17, x)).join("")}
      ${words((width + 22) / 2, BASE + 34, "speed, km/h")}`;
  });

  function show(announce) {
    const fit = say(logLikelihood(model, data), 4);
    const line = ([level, slope]) => `${say(level, 2)} ${slope < 0 ? "−" : "+"} ${Math.abs(slope).toFixed(3)} × speed`;
    for (const [slider, text] of [[where, told()], [steep, say(model.b, 3)]]) {
      slider.previousElementSibling.textContent = text;
      slider.setAttribute("aria-valuetext", text);
    }
    list.innerHTML = `
      <dt>log-likelihood</dt><dd>${fit}</dd>
      <dt>${dot(1)}line 1</dt><dd>${line(model.lines[0])}</dd>
      <dt>${dot(2)}line 2</dt><dd>${line(model.lines[1])}</dd>`;
    if (announce) status.textContent = `${moved ? "With your gate" : `After ${steps} ${steps === 1 ? "step" : "steps"} of EM`}: log-likelihood ${fit}, the gate's place ${told()}, steepness ${say(model.b, 3)}.`;
    draw();
  }
  function begin() {
    model = { a: -steepness * place, b: steepness, ...FLAT };
    steps = 0;
    moved = false;
    sliders();
    show(true);
  }
  function sliders() {
    steep.valueAsNumber = model.b;
    if (model.b) where.valueAsNumber = placeOf();
  }
  function climb(count) {
    for (let k = 0; k < count; k++) model = step(model, data);
    steps += count;
    moved = false;
    sliders();
    show(true);
  }
  function drag(announce) {
    const b = steep.valueAsNumber;
    model = { ...model, a: -b * where.valueAsNumber, b };
    moved = true;
    show(announce);
  }
  one.onclick = () => climb(1);
  ten.onclick = () => climb(10);
  again.onclick = begin;
  for (const slider of [where, steep]) {
    slider.addEventListener("input", () => drag(false));
    slider.addEventListener("change", () => drag(true));
  }
  pull(
    svg,
    where,
    (x) => LEFT + ((x - 30) * (RIGHT - LEFT)) / (widthOf(svg) - 38),
    (x, y) => y > FLOOR,
    "the gate in the picture",
  );
  begin();
}
