// Chapter 13: a belief about the weight is worth marbles whose factory is known. The
// bag is chapter 3's: A makes 80 % red, B 30 %. Likelihood, belief and their product.

import { dot, minus, pull, widthOf } from "./parts.js";
import { inPixels, points, words } from "./picture.js";

const [A, B] = [0.8, 0.3];

/** The log-likelihood of a weight, for so many red and blue marbles. */
export const logLikelihood = (p, red, blue) => red * Math.log(B + (A - B) * p) + blue * Math.log(1 - B - (A - B) * p);

/** The log of the belief's density, Beta(1 + worth * share, 1 + worth * (1 - share)),
    without its constant. */
export const logPrior = (p, worth, share) => (worth ? worth * (share * Math.log(p) + (1 - share) * Math.log(1 - p)) : 0);

/** One EM step with the belief's marbles counted in. */
export function step(p, red, blue, worth, share) {
  const rRed = (p * A) / (p * A + (1 - p) * B);
  const rBlue = (p * (1 - A)) / (p * (1 - A) + (1 - p) * (1 - B));
  return (red * rRed + blue * rBlue + worth * share) / (red + blue + worth);
}

/** Where the steps end. */
export function mode(red, blue, worth, share) {
  let p = 0.5;
  for (let k = 0; k < 20000; k++) {
    const next = step(p, red, blue, worth, share);
    if (Math.abs(next - p) < 1e-13) break;
    p = next;
  }
  return p;
}

/** The mean of the posterior, by the midpoint rule. */
export function mean(red, blue, worth, share, n = 4000) {
  const grid = Array.from({ length: n }, (_, k) => (k + 0.5) / n);
  const logs = grid.map((p) => logLikelihood(p, red, blue) + logPrior(p, worth, share));
  const top = Math.max(...logs);
  const mass = logs.map((log) => Math.exp(log - top));
  return grid.reduce((sum, p, k) => sum + p * mass[k], 0) / mass.reduce((a, b) => a + b);
}

const bags = { 5: [5, 0, "5 of 5 red"], 50: [35, 15, "35 of 50"], 500: [350, 150, "350 of 500"] };

export default function belief(box, { worth: first, share: believed }) {
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <p>${dot("ink")}likelihood &ensp;${dot(2)}belief &ensp;${dot("accent")}posterior &ensp;${dot(1)}EM</p>
    <label>the belief is worth <b></b>
      <input type="range" min="0" max="40" step="1" value="${first}"></label>
    <label>of which A made <b></b>
      <input type="range" min="0" max="1" step="0.05" value="${believed}"></label>
    <div role="radiogroup" style="display:flex;flex-wrap:wrap;gap:0 1.1em" aria-label="Marbles drawn">${Object.entries(bags).map(([n, [, , name]], k) => `
      <label><input type="radio" name="bag" value="${n}" ${k ? "" : "checked"}> ${name}</label>`).join("")}</div>
    <div><button type="button">EM step</button><button type="button">Start again</button></div>
    <p role="status" aria-live="polite"></p>`;
  const [svg, status] = ["svg", "[role=status]"].map((q) => box.querySelector(q));
  const [worthIn, shareIn] = box.querySelectorAll("[type=range]");
  const [stepper, again] = box.querySelectorAll("button");
  const grid = Array.from({ length: 401 }, (_, k) => (k + 0.5) / 401);
  let path = [0.5];
  const state = () => {
    const [red, blue] = bags[box.querySelector(":checked").value];
    return [red, blue, worthIn.valueAsNumber, shareIn.valueAsNumber];
  };
  const paint = inPixels(svg, () => 214, (width) => {
    const [red, blue, worth, share] = state();
    const X = (p) => 12 + p * (width - 24);
    const Y = (y) => 160 - 118 * y;
    const scaled = (f) => {
      const logs = grid.map(f);
      const top = Math.max(...logs);
      return (p) => Math.exp(f(p) - top);
    };
    const post = scaled((p) => logLikelihood(p, red, blue) + logPrior(p, worth, share));
    const like = scaled((p) => logLikelihood(p, red, blue));
    const prior = scaled((p) => logPrior(p, worth, share));
    const end = mode(red, blue, worth, share);
    const middle = mean(red, blue, worth, share);
    const inside = (p) => Math.min(Math.max(p, 1e-9), 1 - 1e-9);
    const at = Math.min(Math.max(X(end), 44), width - 44);
    const low = Math.min(Math.max(X(middle), 52), width - 52);
    svg.innerHTML = `
      <path d="M${points(grid, X, (p) => Y(post(p)))}L${X(1)} 160L${X(0)} 160Z" fill="var(--mx-accent)" fill-opacity=".25"/>
      <path d="M${points(grid, X, (p) => Y(like(p)))}" fill="none" stroke="var(--mx-ink)" stroke-width="2"/>
      <path d="M${points(grid, X, (p) => Y(prior(p)))}" fill="none" stroke="var(--mx-2)" stroke-width="2.5" data-tie="pseudo"/>
      <path d="M${points(grid, X, (p) => Y(post(p)))}" fill="none" stroke="var(--mx-accent)" stroke-width="2.5"/>
      <path d="M${X(end)} 24V160" stroke="var(--mx-accent)" stroke-dasharray="3 3"/>
      <path d="M${X(0)} 160H${X(1)}" stroke="var(--mx-ink)"/>
      <path d="M${X(middle)} 162l5 9h-10z" fill="var(--mx-accent)"/>
      ${path.map((p, k) => `<circle cx="${X(p)}" cy="${Y(post(inside(p)))}" r="${k === path.length - 1 ? 6 : 3}" fill="var(--mx-1)" stroke="var(--mx-paper)" data-tie="weight"/>`).join("")}
      ${words(at, 16, `top ${end.toFixed(3)}`, { color: "accent" })}
      ${words(low, 186, `mean ${middle.toFixed(3)}`, { color: "accent" })}
      ${middle > 0.12 ? words(X(0), 176, "0") : ""}${middle < 0.8 ? words(X(1), 176, "1") : ""}
      ${words(width / 2, 207, "π, the weight of A")}`;
  });
  function draw(told) {
    const [red, blue, worth, share] = state();
    worthIn.previousElementSibling.textContent = `${worth} labelled marble${worth === 1 ? "" : "s"}`;
    shareIn.previousElementSibling.textContent = `${Math.round(100 * share)} %`;
    paint();
    if (!told) return;
    const [end, alone] = [mode(red, blue, worth, share), mode(red, blue, 0, share)].map((p) => p.toFixed(3));
    status.textContent = path.length > 1 ? `Step ${path.length - 1}: the weight is ${path.at(-1).toFixed(4)}; the top of the posterior is at ${end}.` : `The likelihood alone is highest at ${alone}, the posterior at ${end}; the mean of the posterior is ${minus(mean(red, blue, worth, share).toFixed(3))}.`;
  }
  const restart = (told) => {
    path = [0.5];
    draw(told);
  };
  for (const slider of [worthIn, shareIn]) {
    slider.addEventListener("input", () => restart(false));
    slider.addEventListener("change", () => restart(true));
  }
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => restart(true));
  pull(svg, shareIn, (x) => (x - 12) / (widthOf(svg) - 24));
  stepper.onclick = () => {
    path.push(step(path.at(-1), ...state()));
    draw(true);
  };
  again.onclick = () => restart(true);
  draw(true);
}
