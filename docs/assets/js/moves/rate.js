// Chapter 5: move two known normal components apart; the rate of EM falls, if only
// the weight is unknown.

import { bell } from "./choice.js";
import { dot } from "./parts.js";

const STEP = 0.02;

/** P(A | x) and the density at x, for N(-s/2, 1) of weight p and N(s/2, 1). */
export function at(x, p, s) {
  const [a, b] = [p * bell(x, -s / 2, 1), (1 - p) * bell(x, s / 2, 1)];
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

export default function move(box, { p, s, n }) {
  box.innerHTML = `
    <label>s, the separation in standard deviations: <b></b>
      <input type="range" min="0.5" max="6" step="0.1" value="${s}"></label>
    <label>π, the weight of A: <b></b>
      <input type="range" min="0.05" max="0.95" step="0.01" value="${p}"></label>
    <p>${dot(1, "square")}A &emsp;${dot(2, "square")}B &emsp;${dot("ink")}the area under this line: the missing share</p>
    <svg viewBox="0 0 340 150" aria-hidden="true"></svg>
    <dl></dl><p class="mx-said" role="status" aria-live="polite"></p>`;
  const [svg, list, status] = ["svg", "dl", "[role]"].map((q) => box.querySelector(q));
  const [separation, weight] = box.querySelectorAll("input");
  const grid = Array.from({ length: 241 }, (_, k) => -6 + k / 20);
  const X = (x) => 170 + 27 * x;
  const line = (f) => grid.map((x) => `${X(x).toFixed(1)} ${Y(f(x)).toFixed(1)}`).join("L");
  const base = `L${X(6)} 124L${X(-6)} 124Z`;
  let Y;

  function draw(announce) {
    [s, p] = [separation.valueAsNumber, weight.valueAsNumber];
    const rho = rate(p, s);
    const unsure = (x) => {
      const { r, density } = at(x, p, s);
      return (density * r * (1 - r)) / (p * (1 - p));
    };
    const top = Math.max(...grid.map((x) => at(x, p, s).density));
    Y = (y) => 124 - (112 * y) / top; // the line is to be compared with the area, not with an axis
    svg.innerHTML = `
      <path d="M${line((x) => at(x, p, s).density)}${base}" fill="var(--mx-2)"/>
      <path d="M${line((x) => at(x, p, s).a)}${base}" fill="var(--mx-1)"/>
      <path d="M${line(unsure)}" fill="none" stroke="var(--mx-ink)" stroke-width="2"/>
      <path d="M${X(-6)} 124H${X(6)}" stroke="var(--mx-ink)"/>
      ${[-4, -2, 0, 2, 4].map((x) => `<text x="${X(x)}" y="142" text-anchor="middle">${String(x).replace("-", "−")}</text>`).join("")}`;
    const [labelled, unlabelled] = standardErrors(p, rho, n).map((e) => e.toFixed(4));
    const [share, digit] = [rho.toFixed(4), stepsToADigit(rho).toFixed(1)];
    separation.previousElementSibling.textContent = s.toFixed(1);
    weight.previousElementSibling.textContent = p.toFixed(2);
    list.innerHTML = `
      <dt>rate, missing share</dt><dd><b>${share}</b></dd>
      <dt>steps to gain a digit</dt><dd>${digit}</dd>
      <dt>standard error, n = ${n.toLocaleString("en")}</dt><dd>${unlabelled}</dd>
      <dt>the same with labels</dt><dd>${labelled}</dd>`;
    if (announce) {
      status.textContent = `The rate is ${share}: ${digit} steps to gain a digit. The standard error is ${unlabelled}; with labels it would be ${labelled}.`;
    }
  }
  for (const slider of [separation, weight]) {
    slider.addEventListener("input", () => draw(false));
    slider.addEventListener("change", () => draw(true));
  }
  draw(true);
}
