// Chapter 7: pick two of π, a and b, and see the third that fits equally well.

import { minus, pull, widthOf } from "./parts.js";
import { inPixels, words } from "./picture.js";

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

/** The log-likelihood of n draws of which a share x is red, where red has probability m. */
export const logLikelihood = (n, x, m) => n * (x * Math.log(m) + (1 - x) * Math.log(1 - m));

const symbols = { p: "π", a: "a", b: "b" };
const sayings = { p: "weight of A", a: "A's share of red", b: "B's share of red" };
const claims = { Ann: { p: 0.6, a: 0.8, b: 0.3 }, Bill: { p: 0.5, a: 0.7, b: 0.5 }, Cleo: { p: 0.2, a: 1, b: 0.5 } };

export default function identifiable(box, { p, redA, redB, n }) {
  const truth = { p, a: redA, b: redB };
  const mean = p * redA + (1 - p) * redB;
  const data = bagOfThree(truth);
  const names = Object.keys(truth);
  const kept = { ...truth };
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <div>${Object.keys(claims).map((who) => `<button type="button">${who}</button>`).join("")}</div>
    ${names.map((name) => `<label>${symbols[name]}, ${sayings[name]}: <b></b>
      <input type="range" min="0" max="1" step="0.01" value="${kept[name]}" data-name="${name}"></label>`).join("")}
    <div role="radiogroup" style="display:flex;flex-wrap:wrap;align-items:center;gap:0 1.1em" aria-label="Which parameter is computed"><span>Compute</span>${names.map((name) => `
      <label><input type="radio" name="third" value="${name}"> ${symbols[name]}</label>`).join("")}</div>
    <p role="status" aria-live="polite"></p>`;
  const [svg, status] = ["svg", "[role=status]"].map((s) => box.querySelector(s));
  const sliders = [...box.querySelectorAll("[type=range]")];
  const radios = [...box.querySelectorAll("[type=radio]")];
  const side = (width) => width >= 480;
  let name = "b";

  /** What fits: a number, any, or none. */
  function fitting() {
    const value = third(name, kept, mean);
    const any = Number.isNaN(value);
    return { value, any, fits: any || (value > -1e-9 && value < 1 + 1e-9) };
  }

  // A lever: the shares of red, as heavy as their weights, balance at the mean. Beside
  // it, what a bag of three from one factory would show.
  const again = inPixels(svg, (width) => (side(width) ? 172 : 322), (width) => {
    const { fits } = fitting();
    const { p: weight, a, b } = kept;
    const half = side(width) ? width / 2 - 16 : width;
    const [left, top] = side(width) ? [width / 2 + 16, 0] : [0, 154];
    const x = (v) => 22 + (half - 44) * v;
    const share = { a: weight, b: 1 - weight };
    const mark = (key, y, k) => fits || key !== name ? `
      <path d="M${x(kept[key])} ${y + 4}V76" stroke="var(--mx-${k})"/>
      <circle cx="${x(kept[key])}" cy="76" r="${2 + 13 * Math.sqrt(share[key])}" fill="var(--mx-${k})" data-tie="${key === "a" ? "red-a" : "red-b"} weight"/>
      ${words(Math.min(half - 26, Math.max(26, x(kept[key]))), y, `${key} = ${+kept[key].toFixed(2)}`, { color: k })}` : "";
    const bag = bagOfThree(kept);
    const wide = (half - 10) / 4;
    const Y = (v) => top + 132 - 200 * v;
    const bars = data.map((v, k) => {
      const middle = left + wide * (k + 0.5);
      const mine = fits ? `<rect x="${middle - 16}" y="${Y(bag[k])}" width="32" height="${200 * bag[k]}" fill="var(--mx-accent)" fill-opacity=".55"/>` : "";
      const told = fits ? words(middle, top + 163, bag[k].toFixed(3), { color: "accent" }) : "";
      return `${mine}<path d="M${middle - 21} ${top + 132}V${Y(v)}h42V${top + 132}" fill="none" stroke="var(--mx-ink)" stroke-width="1.6"/>${words(middle, top + 148, `${k} red`)}${told}`;
    });
    svg.innerHTML = `
      ${words(4, 14, "Single marbles", { anchor: "start" })}
      <path d="M${x(0)} 76H${x(1)}" stroke="var(--mx-ink)"/>
      ${words(x(0), 104, "0")}${words(x(1), 104, "1")}
      ${mark("a", 34, 1)}${mark("b", 52, 2)}
      <path d="M${x(mean)} 92l8 13h-16z" fill="var(--mx-ink)" data-tie="mean"/>
      ${words(x(mean), 122, `P(red) = ${+mean.toFixed(3)}`)}
      ${words(half / 2, 142, fits ? `log-likelihood always ${minus(logLikelihood(n, mean, mean).toFixed(2))}` : `no ${symbols[name]} balances it`)}
      <path d="M${left} ${top + 132}H${left + half}" stroke="var(--mx-ink)"/>${bars.join("")}
      ${words(left + 4, top + 14, "Bags of three", { anchor: "start" })}
      ${words(left + half - 4, top + 30, "outlined: if Ann is right", { anchor: "end" })}
      ${words(left + half - 4, top + 46, "filled: your pick", { anchor: "end", color: "accent" })}`;
  });

  function draw(announce) {
    for (const slider of sliders) {
      slider.parentElement.style.display = slider.dataset.name === name ? "none" : "";
      slider.previousElementSibling.textContent = slider.valueAsNumber.toFixed(2);
      if (slider.dataset.name !== name) kept[slider.dataset.name] = slider.valueAsNumber;
    }
    const { value, any, fits } = fitting();
    if (fits && !any) kept[name] = Math.min(1, Math.max(0, value));
    again();
    if (!announce) return;
    const given = names.filter((other) => other !== name).map((other) => `${symbols[other]} = ${kept[other].toFixed(2)}`).join(" and ");
    const same = bagOfThree(kept).every((v, k) => Math.abs(v - data[k]) < 1e-9);
    const would = Number.isFinite(value) ? `it would have to be ${minus(value.toFixed(3))}` : "there is no such number";
    const three = same ? "Bags of three, packed as Ann says, would agree with it too." : "Bags of three, packed as Ann says, would tell it apart.";
    status.textContent = !fits ? `With ${given}, no ${symbols[name]} between 0 and 1 fits: ${would}.`
      : any ? `With ${given}, every ${symbols[name]} fits single marbles. ${three}`
      : `With ${given}, ${symbols[name]} = ${kept[name].toFixed(3)} fits single marbles as well as any. ${three}`;
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
  // of the lever, the nearer weight that is not computed
  const lever = () => (side(widthOf(svg)) ? widthOf(svg) / 2 - 16 : widthOf(svg));
  const at = (x) => (x - 22) / (lever() - 44);
  const away = (slider, x) => Math.abs(at(x) - kept[slider.dataset.name]);
  const weights = sliders.slice(1);
  let taken;
  for (const slider of weights) {
    pull(svg, slider, at, (x, y) => {
      [taken] = weights.filter((each) => each.dataset.name !== name).sort((one, two) => away(one, x) - away(two, x));
      return slider === taken && x < lever() && y < 112;
    }, "a dot");
  }
  for (const button of box.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      for (const slider of sliders) slider.value = claims[button.textContent][slider.dataset.name];
      draw(true);
    });
  }
  draw(true);
}
