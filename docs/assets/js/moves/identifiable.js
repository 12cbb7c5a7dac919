// Chapter 7: pick two of π, a and b, and see the third that fits equally well.

import { dot, minus } from "./parts.js";

/** The third of (π, a, b) that gives π a + (1 - π) b = mean: a number, perhaps outside
    [0, 1]; NaN where any value does; an infinity where none does. */
export function third(name, { p, a, b }, mean) {
  const [over, under] = { p: [mean - b, a - b], a: [mean - (1 - p) * b, p], b: [mean - p * a, 1 - p] }[name];
  if (Math.abs(under) > 1e-12) return over / under;
  return Math.abs(over) > 1e-12 ? Infinity : NaN;
}

/** P(0, 1, 2, 3 red) in a bag of three from one factory. */
export const bagOfThree = ({ p, a, b }) =>
  [1, 3, 3, 1].map((ways, k) => ways * (p * a ** k * (1 - a) ** (3 - k) + (1 - p) * b ** k * (1 - b) ** (3 - k)));

const symbols = { p: "π", a: "a", b: "b" };
const words = { p: "weight of A", a: "A's share of red", b: "B's share of red" };

export default function identifiable(box, { p, redA, redB }) {
  const truth = { p, a: redA, b: redB };
  const mean = p * redA + (1 - p) * redB;
  const data = bagOfThree(truth);
  const names = Object.keys(truth);
  const kept = { ...truth };
  box.innerHTML = `
    <div role="radiogroup" style="margin-bottom:.6em" aria-label="Which parameter is computed">Compute ${names.map((name) => `
      <label style="display:inline-block;margin-left:1em"><input type="radio" name="third" value="${name}"> ${symbols[name]}</label>`).join("")}</div>
    ${names.map((name) => `<label>${symbols[name]}, ${words[name]}: <b></b>
      <input type="range" min="0" max="1" step="0.01" value="${kept[name]}" data-name="${name}"></label>`).join("")}
    <svg viewBox="0 0 340 112" aria-hidden="true"></svg>
    <dl></dl>
    <table><thead><tr><th>red of three</th>${data.map((_, k) => `<th>${k}</th>`).join("")}</tr></thead><tbody></tbody></table>
    <p role="status" aria-live="polite"></p>`;
  const [svg, list, body, status] = ["svg", "dl", "tbody", "[role=status]"].map((s) => box.querySelector(s));
  const sliders = [...box.querySelectorAll("[type=range]")];
  const radios = [...box.querySelectorAll("[type=radio]")];
  let name = "b";

  function draw(announce) {
    for (const slider of sliders) {
      slider.parentElement.style.display = slider.dataset.name === name ? "none" : "";
      slider.previousElementSibling.textContent = slider.valueAsNumber.toFixed(2);
      if (slider.dataset.name !== name) kept[slider.dataset.name] = slider.valueAsNumber;
    }
    const value = third(name, kept, mean);
    const any = Number.isNaN(value);
    const fits = any || (value > -1e-9 && value < 1 + 1e-9);
    if (fits && !any) kept[name] = Math.min(1, Math.max(0, value));
    const { p: weight, a, b } = kept;
    const given = names.filter((other) => other !== name).map((other) => `${symbols[other]} = ${kept[other].toFixed(2)}`).join(" and ");
    const bag = bagOfThree(kept);
    const same = bag.every((v, k) => Math.abs(v - data[k]) < 1e-9);
    list.innerHTML = `<dt>${dot(names.indexOf(name) === 2 ? 2 : 1)}${symbols[name]} that fits</dt>
      <dd><b>${any ? "any" : fits ? kept[name].toFixed(3) : "none"}</b></dd>
      <dt>P(red)</dt><dd>${fits ? `${weight.toFixed(3)} × ${a.toFixed(3)} + ${(1 - weight).toFixed(3)} × ${b.toFixed(3)} = ${mean.toFixed(3)}` : "–"}</dd>`;
    const row = (title, cells) => `<tr><td>${title}</td>${cells.map((v) => `<td>${v}</td>`).join("")}</tr>`;
    body.innerHTML = row("the data", data.map((v) => v.toFixed(3))) + row("your pick", bag.map((v) => (fits ? v.toFixed(3) : "–")));

    // A lever: the shares of red, as heavy as their weights, balance at the mean.
    const x = (v) => 24 + 292 * v;
    const weightOf = { a: weight, b: 1 - weight };
    const mark = (key, y, colour) => fits || key !== name ? `
      <path d="M${x(kept[key])} ${y + 4}V62" stroke="var(--mx-${colour})"/>
      <circle cx="${x(kept[key])}" cy="62" r="${2 + 12 * Math.sqrt(weightOf[key])}" fill="var(--mx-${colour})"/>
      <text x="${x(kept[key])}" y="${y}" text-anchor="middle">${key}</text>` : "";
    svg.innerHTML = `
      <path d="M24 62H316" stroke="var(--mx-ink)"/>
      <text x="24" y="92" text-anchor="middle">0</text><text x="316" y="92" text-anchor="middle">1</text>
      ${mark("a", 14, 1)}${mark("b", 32, 2)}
      <path d="M${x(mean)} 78l9 14h-18z" fill="var(--mx-ink)"/>
      <text x="${x(mean)}" y="108" text-anchor="middle">μ = ${+mean.toFixed(3)}</text>`;
    if (!announce) return;
    const would = Number.isFinite(value) ? `it would have to be ${minus(value.toFixed(3))}` : "there is no such number";
    const three = same ? "Bags of three agree with the data too." : "Bags of three tell it from the data.";
    status.textContent = !fits ? `With ${given}, no ${symbols[name]} between 0 and 1 fits: ${would}.`
      : any ? `With ${given}, every ${symbols[name]} fits single marbles. ${three}`
      : `With ${given}, ${symbols[name]} = ${kept[name].toFixed(3)} fits single marbles as well as the truth. ${three}`;
  }

  for (const radio of radios) {
    radio.checked = radio.value === name;
    radio.addEventListener("change", () => {
      sliders.find((slider) => slider.dataset.name === name).value = kept[name];
      name = radio.value;
      draw(true);
    });
  }
  for (const slider of sliders) {
    slider.addEventListener("input", () => draw(false));
    slider.addEventListener("change", () => draw(true));
  }
  draw(true);
}
