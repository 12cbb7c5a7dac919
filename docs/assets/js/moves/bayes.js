// Chapter 2: drag the weight of factory A and see what each colour tells.

import { posterior } from "./marbles.js";
import { dot } from "./parts.js";

export default function bayes(box, { redA, redB, p }) {
  box.innerHTML = `
    <label>π = P(z = A), the share of factory A: <b></b>
      <input type="range" min="0" max="1" step="0.01" value="${p}"></label>
    <p>${dot(1, "square")}made by A &emsp;${dot(2, "square")}made by B</p>
    <svg viewBox="0 0 100 36" height="140" preserveAspectRatio="none" aria-hidden="true"></svg>
    <dl></dl><p class="mx-said" role="status" aria-live="polite"></p>`;
  const [slider, value, svg, list, status] = ["input", "b", "svg", "dl", "[role]"].map((s) => box.querySelector(s));

  function draw(announce) {
    const prior = slider.valueAsNumber;
    const red = prior * redA + (1 - prior) * redB;
    const given = [posterior(prior, redA, redB, true), posterior(prior, redA, redB, false)];
    const average = red * given[0] + (1 - red) * given[1];
    const [r, b, m] = [given[0], given[1], average].map((v) => v.toFixed(3));
    // As tall as its colour is common: areas are joint probabilities.
    const row = (y, height, share, colour) => `
      <rect x="0" y="${y}" width="3" height="${height}" fill="var(--mx-${colour})"/>
      <rect x="4" y="${y}" width="${96 * share}" height="${height}" fill="var(--mx-1)"/>
      <rect x="${4 + 96 * share}" y="${y}" width="${96 * (1 - share)}" height="${height}" fill="var(--mx-2)"/>`;
    svg.innerHTML = row(0, 35 * red, given[0], "red") + row(35 * red + 1, 35 * (1 - red), given[1], "blue") +
      `<path d="M${4 + 96 * average} 0V36" stroke="var(--mx-paper)" stroke-width="2" stroke-dasharray="4 3" vector-effect="non-scaling-stroke"/>`;
    value.textContent = prior.toFixed(2);
    list.innerHTML = `
      <dt>${dot("red")}P(A | red)</dt><dd>${r}</dd>
      <dt>${dot("blue")}P(A | blue)</dt><dd>${b}</dd>
      <dt>their average</dt><dd>${red.toFixed(3)} × ${r} + ${(1 - red).toFixed(3)} × ${b} = ${m} = π</dd>`;
    if (announce) status.textContent = `P(A given red) is ${r}, P(A given blue) is ${b}; their average is ${m}: π again.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  draw(true);
}
