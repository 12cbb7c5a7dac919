// Chapter 1: draw waits at the geyser, by choice and by average.

import { minus } from "./parts.js";
import { HALO } from "./picture.js";
import { wide } from "./wide.js";

/** How many of the 272 waits at Old Faithful are in each three minutes from 42 on. */
export const WAITS = [1, 12, 13, 18, 19, 14, 10, 10, 4, 11, 14, 29, 33, 39, 22, 11, 8, 3, 1];
const FIRST = 42, BIN = 3, ALL = 272;

/** Numbers between 0 and 1 that are the same in every browser. */
export function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What stays of a draw when the weight is moved: the toss, and a normal number for each. */
export function tosses(n, seed = 16) {
  const next = chance(seed);
  return Array.from({ length: n }, () => {
    const [toss, u, v] = [next(), next(), next()];
    const [far, turn] = [Math.sqrt(-2 * Math.log(1 - u)), 2 * Math.PI * v];
    return { toss, a: far * Math.cos(turn), b: far * Math.sin(turn) };
  });
}

/** One draw by choice and one by average, of the same toss. */
export function drawn({ toss, a, b }, { p, meanA, meanB, sd }) {
  const [xa, xb] = [meanA + sd * a, meanB + sd * b];
  return { fromA: toss < p, xa, xb, choice: toss < p ? xa : xb, average: p * xa + (1 - p) * xb };
}

/** Mean and variance of both, by the laws of the chapter. */
export const laws = ({ p, meanA, meanB, sd }) => ({
  mean: p * meanA + (1 - p) * meanB,
  choice: sd ** 2 + p * (1 - p) * (meanB - meanA) ** 2,
  average: (p ** 2 + (1 - p) ** 2) * sd ** 2,
});

const spread = (values) => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
};

export default function draw(box, { p, meanA, meanB, sd }) {
  box.innerHTML = `
    <svg preserveAspectRatio="xMidYMid" aria-hidden="true" style="cursor:pointer"></svg>
    <div>${["Draw one", `Draw ${ALL}`, "Start again"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <label>π, the weight of A, the short waits: <b data-tie="weight"></b>
      <input type="range" min="0" max="1" step="0.01" value="${p}"></label>
    <p role="status" aria-live="polite"></p>`;
  const [svg, slider, value, status] = ["svg", "input", "b", "[role]"].map((s) => box.querySelector(s));
  const [one, all, again] = box.querySelectorAll("button");
  const every = tosses(ALL);
  let n = ALL;

  const rows = [
    { name: "choice", title: "Choose, then draw", colour: (d) => `var(--mx-${d.fromA ? 1 : 2})`, head: 42, room: 50 },
    { name: "average", title: "Draw both, then average", colour: () => "var(--mx-ink)", head: 22, room: 80 },
  ];
  const redraw = wide(svg, (width) => {
    const perMinute = width / 60;
    const X = (minutes) => (minutes - 40) * perMinute;
    const across = Math.max(2, Math.round((BIN * perMinute) / 5.6));
    const pitch = (BIN * perMinute) / across;
    const H = (count) => (count / across) * pitch; // as high as so many dots
    const draws = every.slice(0, n).map((each) => drawn(each, { p, meanA, meanB, sd }));
    let y = 0, marks = "";
    for (const { name, title, colour, head, room } of rows) {
      const base = y + head + H(room);
      const outline = WAITS.map((c, k) => `V${base - H(c)}H${X(FIRST + BIN * (k + 1))}`).join("");
      const seen = new Array(20).fill(0);
      const dots = draws.map((d, k) => {
        const bin = Math.min(18, Math.max(0, Math.floor((d[name] - FIRST) / BIN)));
        const place = seen[bin]++;
        const cx = X(FIRST + BIN * bin) + pitch * ((place % across) + 0.5);
        const cy = base - pitch * (Math.floor(place / across) + 0.5);
        const last = k === n - 1 && n < ALL ? ` stroke="var(--mx-ink)" stroke-width="6"` : "";
        return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="${(0.42 * pitch).toFixed(2)}" fill="${colour(d)}"${last}/>`;
      });
      const words = draws.length > 1 ? `: variance ${spread(draws.map((d) => d[name])).toFixed(0)}` : "";
      marks += `
        <path d="M${X(FIRST)} ${base}${outline}V${base}Z" fill="var(--mx-rule)"/>
        <text x="0" y="${y + 15}">${title}${words}</text><g data-tie="observation">${dots.join("")}</g>
        <path d="M0 ${base}H${width}" stroke="var(--mx-ink)"/>`;
      marks += name === "choice"
        ? `<text x="${X(meanA)}" y="${y + 35}" text-anchor="middle" data-tie="label" ${HALO}>A, short</text>
           <text x="${X(meanB)}" y="${y + 35}" text-anchor="middle" data-tie="label" ${HALO}>B, long</text>`
        : `<text x="${width}" y="${base - H(45)}" text-anchor="end" ${HALO}>grey: the waits</text>`;
      y = base + 6;
    }
    for (const tick of [40, 50, 60, 70, 80, 90, 100]) {
      const anchor = tick === 40 ? "start" : tick === 100 ? "end" : "middle";
      marks += `<text x="${X(tick)}" y="${y + 12}" text-anchor="${anchor}">${tick}</text>`;
    }
    svg.innerHTML = `${marks}<text x="${width / 2}" y="${y + 29}" text-anchor="middle">minutes to the next eruption</text>`;
    return y + 36;
  });

  function show(said) {
    value.textContent = p.toFixed(2);
    redraw();
    status.textContent = minus(said);
  }
  const summary = () => {
    const { mean, choice, average } = laws({ p, meanA, meanB, sd });
    return `In theory both have the mean ${mean.toFixed(1)}; the variance of a choice is ${choice.toFixed(1)}, of an average ${average.toFixed(1)}.`;
  };
  one.onclick = () => {
    n = n === ALL ? 1 : n + 1; // all are there at first: one begins anew
    const { fromA, xa, xb, choice, average } = drawn(every[n - 1], { p, meanA, meanB, sd });
    show(`Choice ${n}: ${fromA ? "A" : "B"}, ${choice.toFixed(1)} minutes. ` +
      `Average: ${p.toFixed(2)} × ${xa.toFixed(1)} + ${(1 - p).toFixed(2)} × ${xb.toFixed(1)} = ${average.toFixed(1)} minutes.`);
  };
  all.onclick = () => {
    n = ALL;
    show(summary());
  };
  svg.onclick = () => one.click();
  again.onclick = () => {
    n = 0;
    show("No draw yet; press Draw one.");
  };
  slider.addEventListener("input", () => {
    p = slider.valueAsNumber;
    value.textContent = p.toFixed(2);
    redraw();
  });
  slider.addEventListener("change", () => show(summary()));
  show(summary());
}
