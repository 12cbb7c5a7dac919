// Chapter 10: how narrow a component may be decides how many there are. The page brings,
// in #mx-galaxies, what its Python found: { typed: { x, ends: [{ floor, bic, parts }, ...] }, mended },
// the floors in percent of the spread from wide to narrow, BIC for K = 1, 2, ... and
// the mixture with the least BIC as [weight, mean, sd] of each component.

import { bell } from "./normal.js";
import { minus, pull, widthOf } from "./parts.js";
import { inPixels, words } from "./picture.js";

/** The K of least BIC. */
export const least = (bic) => 1 + bic.indexOf(Math.min(...bic));

/** Which components are needles: those that answer for less than 2.5 of n. */
export const needles = (parts, n) => parts.filter(([weight]) => weight * n < 2.5);

/** The density of a mixture. */
export const density = (parts, x) => parts.reduce((sum, [w, mean, sd]) => sum + w * bell(x, mean, sd), 0);

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven"];
const [LOW, HIGH, TOP] = [8, 36, 0.24];

export default function floor(box) {
  const told = JSON.parse(document.getElementById("mx-galaxies").textContent);
  const { ends: first } = told.mended;
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <label>the floor: no standard deviation below <b></b> of the spread
      <input type="range" min="0" max="${first.length - 1}" step="1" value="${first.length - 1 - first.findIndex((end) => end.floor === 0.1)}"></label>
    <div role="radiogroup" style="display:flex;flex-wrap:wrap;gap:0 1.1em" aria-label="Velocities">
      <label><input type="radio" name="velocities" value="mended" checked> misprint mended</label>
      <label><input type="radio" name="velocities" value="typed"> as typed</label></div>
    <p role="status" aria-live="polite"></p>`;
  const [svg, value, slider, status] = ["svg", "label b", "[type=range]", "[role=status]"].map((q) => box.querySelector(q));
  const state = () => {
    const { x, ends } = told[box.querySelector(":checked").value];
    const end = ends[ends.length - 1 - slider.valueAsNumber]; // to the right: wider
    return { x, end, K: least(end.bic) };
  };
  const side = (width) => width >= 480;

  function paint(width) {
    const { x, end, K } = state();
    const half = side(width) ? width / 2 - 12 : width;
    const [left, top] = side(width) ? [width / 2 + 12, 0] : [0, 168];
    // BIC by K, from 2 on: K = 1 lies far above
    const B = (bic) => 128 - ((Math.min(bic, 468) - 438) * 104) / 30;
    const P = (k) => 44 + ((k - 2) * (half - 62)) / 5;
    const shown = end.bic.map((bic, k) => [k + 1, bic]).slice(1).filter(([, bic]) => bic < 469);
    const best = end.bic[K - 1];
    const where = K > 5 ? ["end", P(K) + 6] : ["middle", P(K)];
    // density, filled by component from left to right
    const X = (v) => left + ((v - LOW) * half) / (HIGH - LOW);
    const Y = (y) => top + 128 - (Math.min(y, TOP) * 92) / TOP;
    const parts = [...end.parts].sort((a, b) => a[1] - b[1]);
    const grid = Array.from({ length: 181 }, (_, i) => LOW + (i * (HIGH - LOW)) / 180);
    const at = [...grid, ...parts.flatMap(([, mean, sd]) => [-2, -1, 0, 1, 2].map((s) => mean + s * sd))].sort((a, b) => a - b);
    const areas = parts.map((_, k) => {
      const upto = (m) => at.map((v) => `${X(v).toFixed(1)} ${Y(density(parts.slice(0, m), v)).toFixed(1)}`);
      return `<path d="M${upto(k + 1).join("L")}L${upto(k).reverse().join("L")}Z" fill="var(--mx-${(k % 6) + 1})"/>`;
    });
    const sharp = needles(parts, x.length);
    const marks = sharp.map(([, mean]) => `<path d="M${X(mean)} ${Y(0)}V${Y(TOP)}" stroke="var(--mx-accent)" stroke-width="2"/>`);
    const middle = sharp.reduce((sum, [, mean]) => sum + X(mean), 0) / sharp.length;
    const note = sharp.length ? words(Math.max(left + 74, Math.min(middle, left + half - 74)), top + 28, sharp.length > 1 ? `${sharp.length} needles` : "a needle", { color: "accent" }) : "";
    svg.innerHTML = `
      ${words(0, 13, "BIC, less is better", { anchor: "start" })}
      ${[440, 450, 460].map((bic) => `<path d="M34 ${B(bic)}H${half}" stroke="var(--mx-rule)"/>${words(28, B(bic) + 4, bic, { anchor: "end", color: "muted" })}`).join("")}
      <path d="M${shown.map(([k, bic]) => `${P(k).toFixed(1)} ${B(bic).toFixed(1)}`).join("L")}" fill="none" stroke="var(--mx-ink)" stroke-width="1.5"/>
      ${shown.map(([k, bic]) => `<circle cx="${P(k)}" cy="${B(bic)}" r="${k === K ? 7 : 4}" fill="var(--mx-${k === K ? "accent" : "ink"})"${k === K ? ' data-tie="size"' : ""}/>`).join("")}
      ${words(where[1], B(best) - 14, best.toFixed(2), { anchor: where[0], color: "accent" })}
      ${[2, 3, 4, 5, 6, 7].map((k) => words(P(k), 148, k === 2 ? "K = 2" : k)).join("")}
      ${words(left, top + 12, `the mixture of ${K}, and the galaxies`, { anchor: "start" })}
      ${areas.join("")}${marks.join("")}
      <path d="M${X(LOW)} ${Y(0)}H${X(HIGH)}" stroke="var(--mx-ink)"/>
      <path d="${x.map((v) => `M${X(v).toFixed(1)} ${top + 130}v7`).join("")}" stroke="var(--mx-ink)"/>
      ${[10, 20, 30].map((v) => words(Math.max(X(v), left + 24), top + 152, v === 30 ? "30,000 km/s" : `${v},000`)).join("")}
      ${note}`;
  }
  const again = inPixels(svg, (width) => (side(width) ? 158 : 324), paint);

  function draw(announce) {
    const { x, end, K } = state();
    const spread = Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length - (x.reduce((s, v) => s + v, 0) / x.length) ** 2);
    const speed = end.floor * spread * 10; // percent of 1,000 km/s
    const wide = `${speed < 10 ? speed.toPrecision(2) : speed.toFixed(0)} km/s`;
    value.textContent = `${end.floor} %`;
    slider.setAttribute("aria-valuetext", `${end.floor} %, ${wide}`);
    again();
    if (!announce) return;
    const sharp = needles(end.parts, x.length).length;
    const owned = sharp === 1 ? "One component owns" : `${NUMBERS[sharp][0].toUpperCase()}${NUMBERS[sharp].slice(1)} components own`;
    status.textContent = `With a floor of ${wide}, K = ${K} has the least BIC found, ${minus(end.bic[K - 1].toFixed(2))}${K === 3 ? "" : `; K = 3 has ${end.bic[2].toFixed(2)}`}. ${sharp ? `${owned} two galaxies or so${sharp > 1 ? " each" : ""}.` : "No component is a needle."}`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  pull(svg, slider, (x) => ((first.length - 1) * x) / widthOf(svg));
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => draw(true));
  draw(true);
}
