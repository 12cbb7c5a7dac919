// Chapter 5: near its top the log-likelihood is a parabola of curvature I, and each
// bound below it one of curvature I_c, the same for all; a step of EM goes to the top of
// the bound. Two known normal components are moved apart, of which only the weight is
// unknown: the further apart, the nearer I is to I_c.

import { dot, minus } from "./parts.js";
import { inPixels, points, words } from "./picture.js";

const STEP = 0.02;
const bell = (x, mean) => Math.exp(-((x - mean) ** 2) / 2) / Math.sqrt(2 * Math.PI);

/** P(A | x) and the density at x, for N(-s/2, 1) of weight p and N(s/2, 1). */
export function at(x, p, s) {
  const [a, b] = [p * bell(x, -s / 2), (1 - p) * bell(x, s / 2)];
  return { r: a / (a + b), density: a + b, a };
}

/** Variance of a label after a look, over its variance before. */
export function rate(p, s) {
  let sum = 0;
  for (let x = -13; x < 13; x += STEP) {
    const { r, density } = at(x, p, s);
    sum += STEP * density * r * (1 - r);
  }
  return sum / (p * (1 - p));
}

/** Plain EM steps to one more decimal digit. */
export const stepsToADigit = (rho) => Math.log(0.1) / Math.log(rho);

/** Standard errors of the weight from n observations: with labels, without. */
export function standardErrors(p, rho, n) {
  const labelled = Math.sqrt((p * (1 - p)) / n);
  return [labelled, labelled / Math.sqrt(1 - rho)];
}

// A unit of x is the standard error with labels, so that I_c = 1 and I = 1 - rho.

/** The log-likelihood above or below its top, at x from the maximum. */
export const curve = (x, rho) => (-(1 - rho) * x * x) / 2;

/** The bound that touches the log-likelihood at d. */
export const boundFrom = (d, x, rho) => curve(d, rho) - (1 - rho) * d * (x - d) - ((x - d) * (x - d)) / 2;

/** Where the climb begins: far out, and within the picture. */
const beginning = (rho) => Math.min(3.6, Math.sqrt(11 / (1 - rho)));
const Ic = 'I<tspan dy="4" font-size="12">c</tspan>';

export default function move(box, { p, s, n }) {
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <div>${["EM step", "Start again"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <label>s, the separation in standard deviations: <b></b>
      <input type="range" min="0.5" max="6" step="0.1" value="${s}"></label>
    <label>π, the weight of A: <b></b>
      <input type="range" min="0.05" max="0.95" step="0.01" value="${p}"></label>
    <svg aria-hidden="true"></svg>
    <p>${dot(1, "square")}A &emsp;${dot(2, "square")}B &emsp;${dot("ink")}the area under this line: the missing share</p>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [list, status] = ["dl", "[role]"].map((q) => box.querySelector(q));
  const [parabolas, bells] = box.querySelectorAll("svg");
  const [step, again] = box.querySelectorAll("button");
  const [separation, weight] = box.querySelectorAll("input");
  const across = Array.from({ length: 169 }, (_, k) => -4.2 + k / 20);
  const grid = Array.from({ length: 241 }, (_, k) => -6 + k / 20);
  let [rho, first, now, steps, trail] = [rate(p, s), 0, 0, 0, []];

  const tall = (width) => (width < 420 ? 234 : 300);
  const drawParabolas = inPixels(parabolas, tall, (width) => {
    const [top, floor] = [34, tall(width) - 46];
    const X = (x) => width / 2 + (x * width) / 8.6;
    const Y = (y) => Math.min(top - ((floor - top) * y) / 6, 9999);
    const next = rho * now;
    const [wide, half] = [Math.min(1 / Math.sqrt(1 - rho), 4.2), Y(-0.5)];
    const line = (f) => `M${points(across, X, (x) => Y(f(x)))}`;
    const [onCurve, onBound] = [Y(curve(next, rho)), Y(boundFrom(now, next, rho))];
    const aside = `V${floor - 28}m0 22V${floor}`; // leaves room for words
    parabolas.innerHTML = `
      <clipPath id="mx-rate"><path d="M0 0H${width}V${floor}H0Z"/></clipPath>
      <path d="M0 ${floor}H${width}" stroke="var(--mx-ink)"/>
      <path d="M${X(-wide)} ${half}V${floor}M${X(1)} ${half}${aside}M${X(-4.2)} ${half}H${X(1)}M${X(0)} ${Y(0)}${aside}" stroke="var(--mx-muted)" stroke-dasharray="2 4"/>
      <path d="M${X(-wide)} ${half}H${X(0)}" stroke="var(--mx-ink)" stroke-width="5" data-tie="observed"/>
      <path d="M${X(0)} ${half}H${X(1)}" stroke="var(--mx-accent)" stroke-width="5" data-tie="complete"/>
      <g clip-path="url(#mx-rate)" fill="none" stroke-width="2.5">
        <path d="${line((x) => curve(x, 0))}" stroke="var(--mx-accent)" stroke-width="1.5" stroke-dasharray="6 4" data-tie="complete"/>
        <path d="M${X(next)} ${onCurve}V${onBound}" stroke="var(--mx-accent)" stroke-width="9" stroke-opacity="0.4"/>
        <path d="${line((x) => boundFrom(now, x, rho))}" stroke="var(--mx-accent)" data-tie="complete"/>
        <path d="${line((x) => curve(x, rho))}" stroke="var(--mx-ink)" data-tie="observed"/>
      </g>
      ${trail.map((x) => `<circle cx="${X(x)}" cy="${Y(curve(x, rho))}" r="3" fill="var(--mx-ink)"/>`).join("")}
      <path d="M${X(next) - 5} ${onBound - 5}h10v10h-10z" fill="var(--mx-paper)" stroke="var(--mx-accent)" stroke-width="2"/>
      <circle cx="${X(now)}" cy="${Y(curve(now, rho))}" r="6" fill="var(--mx-ink)"/>
      ${words(X(-4.2), 14, "log-likelihood: curvature I", { anchor: "start", tie: "observed" })}
      ${words(X(-4.2), half - 6, "½ below", { anchor: "start", color: "muted" })}
      ${words(X(1.4), floor - 12, `bounds: curvature ${Ic}`, { color: "accent", tie: "complete" })}
      ${words(Math.max(X(-wide), 20), floor + 17, "−1/√I", { tie: "observed" })}
      ${words(X(0), floor + 17, "0")}
      ${words(X(1), floor + 17, `1/√${Ic}`, { color: "accent", tie: "complete" })}
      ${words(width / 2, floor + 39, "distance of π from the maximum")}`;
  });

  const drawBells = inPixels(bells, () => 104, (width) => {
    const X = (x) => width / 2 + (x * width) / 12.4;
    const top = Math.max(...grid.map((x) => at(x, p, s).density));
    const Y = (y) => 82 - (76 * y) / top; // the line is to be compared with the area, not with an axis
    const base = `L${X(6)} 82L${X(-6)} 82Z`;
    const line = (f) => points(grid, X, (x) => Y(f(x)));
    const unsure = (x) => {
      const { r, density } = at(x, p, s);
      return (density * r * (1 - r)) / (p * (1 - p));
    };
    bells.innerHTML = `
      <path d="M${line((x) => at(x, p, s).density)}${base}" fill="var(--mx-2)"/>
      <path d="M${line((x) => at(x, p, s).a)}${base}" fill="var(--mx-1)"/>
      <path d="M${line(unsure)}" fill="none" stroke="var(--mx-ink)" stroke-width="2" data-tie="rate"/>
      <path d="M${X(-6)} 82H${X(6)}" stroke="var(--mx-ink)"/>
      ${[-4, -2, 0, 2, 4].map((x) => words(X(x), 100, minus(x))).join("")}`;
  });

  function draw(told) {
    [s, p] = [separation.valueAsNumber, weight.valueAsNumber];
    rho = rate(p, s);
    const [labelled, unlabelled] = standardErrors(p, rho, n).map((e) => e.toFixed(4));
    const [share, digit] = [rho.toFixed(4), stepsToADigit(rho).toFixed(1)];
    separation.previousElementSibling.textContent = s.toFixed(1);
    weight.previousElementSibling.textContent = p.toFixed(2);
    list.innerHTML = `
      <dt>rate, 1 − I/I<sub>c</sub></dt><dd><b>${share}</b></dd>
      <dt>steps to gain a digit</dt><dd>${digit}</dd>
      <dt>standard error, n = ${n.toLocaleString("en")}</dt><dd>${unlabelled}</dd>
      <dt>the same with labels</dt><dd>${labelled}</dd>`;
    if (told) status.textContent = told(share, digit, unlabelled, labelled);
    drawParabolas();
    drawBells();
  }
  const numbers = (share, digit, unlabelled, labelled) =>
    `The rate is ${share}: ${digit} steps to gain a digit. The standard error is ${unlabelled}; with labels it would be ${labelled}.`;
  const restart = (told) => {
    first = now = beginning(rate(weight.valueAsNumber, separation.valueAsNumber));
    [steps, trail] = [0, []];
    draw(told);
  };
  for (const slider of [separation, weight]) {
    slider.addEventListener("input", () => restart());
    slider.addEventListener("change", () => restart(numbers));
  }
  step.onclick = () => {
    trail.push(now);
    now *= rho;
    steps += 1;
    const left = (100 * now) / first;
    draw((share) => `Step ${steps}, to the top of the bound: ${left < 1 ? "less than 1" : left.toFixed(0)} % of the first distance is left. Each step leaves ${share} of it.`);
  };
  again.onclick = () => restart(numbers);
  restart(numbers);
}
