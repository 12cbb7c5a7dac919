// Chapter 3: walk the circle of EM one half at a time.

import { emStep, posterior } from "./marbles.js";
import { dot } from "./parts.js";

export default function emSteps(box, { redA, redB, p, xbar }) {
  const limit = Math.min(1, Math.max(0, (xbar - redB) / (redA - redB)));
  box.innerHTML = `
    <div>${["E-step", "M-step", "Run 10", "Reset"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <dl></dl><svg viewBox="0 0 340 150" aria-hidden="true"></svg><p role="status" aria-live="polite"></p>`;
  const [list, svg, status] = ["dl", "svg", "[role]"].map((s) => box.querySelector(s));
  const [e, m, run, reset] = box.querySelectorAll("button");
  let trail, given;

  function draw(message) {
    const now = trail.at(-1).toFixed(6);
    const [red, blue] = given ? given.map((v) => v.toFixed(6)) : ["–", "–"];
    e.ariaDisabled = String(!!given);
    m.ariaDisabled = String(!given);
    list.innerHTML = `
      <dt>${dot("red")}P(A | red)</dt><dd>${red}</dd>
      <dt>${dot("blue")}P(A | blue)</dt><dd>${blue}</dd>
      <dt>π after ${trail.length - 1} steps</dt><dd>${now}</dd>`;
    const low = Math.min(p, limit), high = Math.max(p, limit);
    const x = (step) => 48 + (280 * step) / Math.max(10, trail.length - 1);
    const y = (value) => 14 + (104 * (high - value)) / (high - low || 1);
    svg.innerHTML = `
      <path d="M48 4V130H332" fill="none" stroke="var(--mx-ink)"/>
      <path d="M48 ${y(limit)}H332" stroke="var(--mx-muted)" stroke-dasharray="4 3"/>
      <text x="42" y="${y(p) + 4}" text-anchor="end">${p}</text>
      <text x="42" y="${y(limit) + 4}" text-anchor="end">${+limit.toFixed(3)}</text>
      <text x="332" y="146" text-anchor="end">step ${Math.max(10, trail.length - 1)}</text><text x="48" y="146">0</text>
      ${trail.map((v, k) => `<circle cx="${x(k)}" cy="${y(v)}" r="3.5" fill="var(--mx-1)"/>`).join("")}`;
    status.textContent = message;
  }

  const steps = {
    start() {
      [trail, given] = [[p], null];
      draw(`A share ${xbar} of the marbles is red. π starts at ${p}; press E-step.`);
    },
    e() {
      if (given) return;
      given = [true, false].map((red) => posterior(trail.at(-1), redA, redB, red));
      draw(`E-step: a red marble is from A with probability ${given[0].toFixed(6)}, a blue one ${given[1].toFixed(6)}.`);
    },
    m() {
      if (!given) return;
      trail.push(emStep(trail.at(-1), xbar, redA, redB));
      given = null;
      draw(`M-step: the average responsibility, the new π, is ${trail.at(-1).toFixed(6)}.`);
    },
    run() {
      for (let k = 0; k < 10; k++) trail.push(emStep(trail.at(-1), xbar, redA, redB));
      given = null;
      draw(`After ${trail.length - 1} steps π is ${trail.at(-1).toFixed(6)}; the limit is ${+limit.toFixed(6)}.`);
    },
  };
  e.onclick = steps.e;
  m.onclick = steps.m;
  run.onclick = steps.run;
  reset.onclick = steps.start;
  steps.start();
}
