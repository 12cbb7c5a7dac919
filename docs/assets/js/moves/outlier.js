// Chapter 11: Newcomb's light times and a t distribution, which is a normal with a hidden
// factor for each measurement. One of them is dragged, and the degrees of freedom change;
// the mean follows, the median stays, the t lets go.

import { minus, pull, widthOf } from "./parts.js";
import { inPixels, points, words } from "./picture.js";

/** All but the lowest of Newcomb's 66 values (`mixnotes.datasets.newcomb`): how often
    each occurs. */
const COUNTS = {
  "-2": 1, 16: 2, 19: 1, 20: 1, 21: 2, 22: 2, 23: 3, 24: 5, 25: 5, 26: 5, 27: 6, 28: 7, 29: 5, 30: 3, 31: 2, 32: 5,
  33: 2, 34: 1, 36: 4, 37: 1, 39: 1, 40: 1,
};
export const others = Object.entries(COUNTS).flatMap(([value, count]) => Array(count).fill(+value)).sort((a, b) => a - b);

export const mean = (x) => x.reduce((a, b) => a + b, 0) / x.length;

export function median(x) {
  const y = [...x].sort((a, b) => a - b);
  const half = y.length / 2;
  return y.length % 2 ? y[half - 0.5] : (y[half - 1] + y[half]) / 2;
}

/** How much a measurement counts, at a squared distance in units of the scale. */
export const counts = (square, df) => (df === Infinity ? 1 : (df + 1) / (df + square));

/** EM for a t of given df, stretched by the sum of u so that it is fast: its loc and
    scale, and u for each measurement. */
export function fit(x, df) {
  let loc = median(x);
  let scale = Math.sqrt(mean(x.map((v) => (v - loc) ** 2)));
  let u = x.map(() => 1);
  for (let step = 0; step < 2000; step++) {
    u = x.map((v) => counts(((v - loc) / scale) ** 2, df));
    const sum = u.reduce((a, b) => a + b);
    const next = x.reduce((total, v, i) => total + u[i] * v, 0) / sum;
    const wide = Math.sqrt(x.reduce((total, v, i) => total + u[i] * (v - next) ** 2, 0) / sum);
    const moved = Math.abs(next - loc) + Math.abs(wide - scale);
    [loc, scale] = [next, wide];
    if (moved < 1e-12) break;
  }
  return { loc, scale, u };
}

const [LEFT, RIGHT] = [-60, 58];
export const freedoms = [1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, Infinity];
const said = (df) => (df === Infinity ? "∞, the normal" : String(df));

export default function move(box, { at, df }) {
  const first = at;
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <label>The lowest measurement, moved to: <b></b>
      <input type="range" min="${LEFT}" max="${RIGHT}" step="1" value="${at}"></label>
    <label>df, the degrees of freedom: <b></b>
      <input type="range" min="0" max="${freedoms.length - 1}" step="1" value="${freedoms.indexOf(df)}"></label>
    <p role="status" aria-live="polite"></p>`;
  const [svg, status] = ["svg", "[role]"].map((q) => box.querySelector(q));
  const [place, freedom] = box.querySelectorAll("input");
  let X, found, all;
  look();

  const again = inPixels(svg, () => 292, (width) => {
    X = (x) => 6 + ((x - LEFT) * (width - 12)) / (RIGHT - LEFT);
    const base = 166;
    const most = counts(0, df);
    const seen = {};
    const radius = Math.min(4.6, (width - 12) / 260 + 1.6);
    const dots = all.map((v, i) => {
      seen[v] = (seen[v] ?? 0) + 1;
      const tint = `color-mix(in oklab, var(--mx-1) ${(100 * found.u[i] / most).toFixed(1)}%, var(--mx-paper))`;
      const moved = i === 0;
      const [cx, cy] = [X(v), base - 8 - (seen[v] - 1) * (2 * radius + 0.6)];
      return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="${moved ? 8 : radius.toFixed(1)}" fill="${tint}" stroke="var(--mx-${moved ? "accent" : "muted"})" stroke-width="${moved ? 2.5 : 0.7}"/>`;
    });
    // the rightmost line has the highest label, so that no line crosses another's
    const marks = [["t", found.loc, 14], ["median", median(all), 34], ["mean", mean(all), 54]];
    const looks = { t: 'data-tie="place"', median: 'stroke-dasharray="2 4"', mean: 'stroke-dasharray="6 4"' };
    const hues = { t: "1", median: "muted", mean: "ink" };
    const lines = marks.map(([name, value, y]) => {
      const right = name === "mean" && value > Math.min(marks[0][1], marks[1][1]);
      return `
      <path d="M${X(value).toFixed(1)} ${y + 4}V${base}" stroke="var(--mx-${hues[name]})" stroke-width="2.2" ${looks[name]}/>
      ${words(right ? Math.min(X(value) + 6, width - 76) : X(value) - 6, y, `${name} ${minus(value.toFixed(2))}`, { anchor: right ? "start" : "end", color: name === "median" ? "muted" : "ink", tie: name === "t" ? "place" : "" })}`;
    });
    const grid = Array.from({ length: 237 }, (_, k) => LEFT + k / 2);
    const [low, top] = [252, 208];
    const U = (value) => low - ((low - top) * counts(((value - found.loc) / found.scale) ** 2, df)) / most;
    const here = counts(((all[0] - found.loc) / found.scale) ** 2, df);
    svg.innerHTML = `
      <path d="M${X(LEFT)} ${base}H${X(RIGHT)}M${X(LEFT)} ${low}H${X(RIGHT)}" stroke="var(--mx-ink)"/>
      ${lines.join("")}${dots.slice(1).join("")}${dots[0]}
      ${[-40, -20, 0, 20, 40].map((v) => words(X(v), base + 16, minus(v))).join("")}
      <path d="M${points(grid, X, U)}L${X(RIGHT)} ${low}L${X(LEFT)} ${low}Z" fill="var(--mx-1)" fill-opacity="0.3"/>
      <path d="M${points(grid, X, U)}" fill="none" stroke="var(--mx-1)" stroke-width="2" data-tie="precision"/>
      <circle cx="${X(all[0])}" cy="${U(all[0])}" r="5" fill="var(--mx-accent)"/>
      ${words(X(LEFT), top - 6, `how much ${minus(all[0])} counts: ${here.toFixed(4)}`, { anchor: "start", color: "accent", tie: "precision" })}
      ${words(width / 2, low + 18, "light time, nanoseconds above 24,800")}`;
  });

  function look() {
    [at, df] = [place.valueAsNumber, freedoms[freedom.valueAsNumber]];
    all = [at, ...others];
    found = fit(all, df);
  }
  function draw(announce) {
    look();
    place.previousElementSibling.textContent = minus(at) + (at === first ? ", as measured" : "");
    freedom.previousElementSibling.textContent = said(df);
    place.setAttribute("aria-valuetext", `${minus(at)} nanoseconds`);
    freedom.setAttribute("aria-valuetext", said(df));
    again();
    if (!announce) return;
    status.textContent = `With the lowest at ${minus(at)}: mean ${minus(mean(all).toFixed(2))}, median ${minus(median(all).toFixed(2))}, ${df === Infinity ? "the normal, which is t on ∞ degrees of freedom," : `t on ${df} degree${df === 1 ? "" : "s"} of freedom`} ${minus(found.loc.toFixed(4))}, where the lowest counts ${found.u[0].toFixed(4)}.`;
  }
  for (const slider of [place, freedom]) {
    slider.addEventListener("input", () => draw(false));
    slider.addEventListener("change", () => draw(true));
  }
  pull(
    svg,
    place,
    (x) => LEFT + ((x - 6) * (RIGHT - LEFT)) / (widthOf(svg) - 12),
    (x, y) => y < 190 && Math.abs(x - X(at)) < 24,
    "the ring",
  );
  draw(true);
}
