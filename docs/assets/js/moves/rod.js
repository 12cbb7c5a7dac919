// Chapter 14: two lengths of each bird, and one hidden number that moves both: a rod. E:
// each bird's bead slides to where its spring and the pull to the middle balance. M: the
// beads are fixed to the rod, and it turns and stretches to where the springs are at
// rest. The page brings the two lengths, less their means: { x, y }.

import { minus } from "./parts.js";
import { inPixels, words } from "./picture.js";

const sum = (n, f) => {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
};

/** E[z | x] of each point, and the variance of z, which is the same for all. */
export function eStep({ x, y }, [a, b], variance) {
  const m = a * a + b * b + variance;
  return { z: x.map((v, i) => (a * v + b * y[i]) / m), left: variance / m };
}

/** The rod that fits best to expected z, and the variance of the noise with it. */
export function mStep({ x, y }, { z, left }) {
  const n = x.length;
  const zz = sum(n, (i) => z[i] * z[i]) + n * left;
  const [a, b] = [x, y].map((v) => sum(n, (i) => v[i] * z[i]) / zz);
  const rest = sum(n, (i) => x[i] * x[i] + y[i] * y[i]) - (a * a + b * b) * zz;
  return { rod: [a, b], variance: rest / (2 * n) };
}

/** Of the normal with covariance W W' + variance I. */
export function logLikelihood({ x, y }, [a, b], variance) {
  const [n, long] = [x.length, a * a + b * b + variance];
  const square = sum(n, (i) => x[i] * x[i] + y[i] * y[i] - (a * x[i] + b * y[i]) ** 2 / long) / variance;
  return -n * Math.log(2 * Math.PI) - (n / 2) * Math.log(long * variance) - square / 2;
}

/** The best rod at this variance, or with none given the best of both: closed form. */
export function best({ x, y }, given) {
  const n = x.length;
  const [p, q, r] = [sum(n, (i) => x[i] * x[i]) / n, sum(n, (i) => x[i] * y[i]) / n, sum(n, (i) => y[i] * y[i]) / n];
  const root = Math.hypot((p - r) / 2, q);
  const [large, small] = [(p + r) / 2 + root, (p + r) / 2 - root];
  const variance = given ?? small;
  const angle = Math.atan2(large - p, q);
  const length = Math.sqrt(Math.max(large - variance, 0));
  return { rod: [length * Math.cos(angle), length * Math.sin(angle)], variance };
}

const scaleAt = (width) => Math.min(width / 31, 14);
const START = [2, -2.5]; // across the cloud
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export default function move(box, { sd }) {
  const data = JSON.parse(box.querySelector(".mx-data").textContent);
  const n = data.x.length;
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <div>${["", "Run", "Start again"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <label>σ, the standard deviation of the noise, mm: <b></b>
      <input type="range" min="0.05" max="7.5" step="0.05" value="${sd}"></label>
    <label><input type="checkbox"> M learns σ, too</label>
    <p role="status" aria-live="polite"></p>`;
  const [svg, status, slider, learn] = ["svg", "[role]", "[type=range]", "[type=checkbox]"].map((q) => box.querySelector(q));
  const [step, run, again] = box.querySelectorAll("button");
  let variance = sd * sd;
  const unmoved = { z: data.x.map(() => 0), left: 1 };
  let [rod, beads, steps, frame, next] = [START, unmoved, 0, 0, "E"];

  const paint = inPixels(svg, (width) => Math.round(22 * scaleAt(width)), (width) => {
    const scale = scaleAt(width);
    const [cx, cy] = [width / 2, 13 * scale]; // one bill is 12 mm above the mean
    const X = (v) => (cx + v * scale).toFixed(1);
    const Y = (v) => (cy - v * scale).toFixed(1);
    const s = Math.sqrt(variance);
    const [a, b] = rod;
    const long = Math.hypot(a, b);
    const tilt = (-Math.atan2(b, a) * 180) / Math.PI;
    const end = 2.5;
    const right = a > 0 ? 1 : -1;
    svg.innerHTML = `
      <clipPath id="mx-rod"><path d="M0 0H${width}V${22 * scale}H0Z"/></clipPath>
      <g clip-path="url(#mx-rod)">
      ${[-2, -1, 0, 1, 2].map((z) => `<circle cx="${X(a * z)}" cy="${Y(b * z)}" r="${(s * scale).toFixed(1)}" fill="var(--mx-1)" fill-opacity="0.13" data-tie="noise"/>`).join("")}
      <ellipse cx="${cx}" cy="${cy}" rx="${(2 * scale * Math.hypot(long, s)).toFixed(1)}" ry="${(2 * scale * s).toFixed(1)}" transform="rotate(${tilt.toFixed(2)} ${cx} ${cy})" fill="none" stroke="var(--mx-1)" stroke-dasharray="5 4"/>
      <path d="${data.x.map((v, i) => `M${X(v)} ${Y(data.y[i])}L${X(a * beads.z[i])} ${Y(b * beads.z[i])}`).join("")}" stroke="var(--mx-muted)" stroke-width="0.8"/>
      <path d="M${X(-end * a)} ${Y(-end * b)}L${X(end * a)} ${Y(end * b)}" stroke="var(--mx-accent)" stroke-width="3" data-tie="loadings"/>
      ${data.x.map((v, i) => `<circle cx="${X(v)}" cy="${Y(data.y[i])}" r="2.6" fill="var(--mx-ink)"/>`).join("")}
      ${beads.z.map((z) => `<circle cx="${X(a * z)}" cy="${Y(b * z)}" r="3" fill="var(--mx-accent)" stroke="var(--mx-paper)" stroke-width="0.7" data-tie="hidden"/>`).join("")}
      </g>
      <path d="M6 ${22 * scale - 8}h${(5 * scale).toFixed(1)}" stroke="var(--mx-ink)" stroke-width="2"/>
      ${words(6, 22 * scale - 14, "5 mm", { anchor: "start" })}
      ${words(width - 4, 22 * scale - 6, "flipper →", { anchor: "end" })}
      ${words(4, 14, "↑ bill", { anchor: "start" })}
      ${long > 0.5 ? words(+X(right * end * a) - 6, +Y(right * end * b) + (right * b > 0 ? -8 : 18), "the rod", { anchor: "end", color: "accent", tie: "loadings" }) : ""}`;
  });

  function draw(told) {
    slider.previousElementSibling.textContent = Math.sqrt(variance).toFixed(2);
    step.textContent = next === "E" ? "E: slide the beads" : "M: turn the rod";
    paint();
    if (told) status.textContent = told;
  }
  const slope = () => (Math.hypot(...rod) < 1e-3 ? "the length 0" : `slope ${minus((rod[1] / rod[0]).toFixed(3))}`);
  const height = () => `Log-likelihood ${minus(logLikelihood(data, rod, variance).toFixed(2))}, at most ${minus(top().toFixed(2))}`;
  const top = () => {
    const { rod: w, variance: v } = best(data, learn.checked ? undefined : variance);
    return logLikelihood(data, w, v);
  };
  const stop = () => cancelAnimationFrame(frame);
  /** Moves what is drawn to a new state, at once where the reader wants no motion. */
  function go(to, then, told) {
    stop();
    next = then;
    const from = { rod, z: beads.z, s: Math.sqrt(variance) };
    const begin = performance.now();
    const at = (t) => {
      rod = from.rod.map((v, k) => v + t * (to.rod[k] - v));
      beads = { ...to.beads, z: from.z.map((v, i) => v + t * (to.beads.z[i] - v)) };
      variance = (from.s + t * (Math.sqrt(to.variance) - from.s)) ** 2;
    };
    const tick = () => {
      const t = STILL.matches ? 1 : Math.min(1, (performance.now() - begin) / 350);
      at(t);
      if (t === 1) {
        [rod, beads, variance] = [to.rod, to.beads, to.variance];
        slider.valueAsNumber = Math.sqrt(variance);
        draw(told());
      } else {
        draw();
        frame = requestAnimationFrame(tick);
      }
    };
    tick();
  }
  const e = () => go({ rod, beads: eStep(data, rod, variance), variance }, "M", () => `E: the beads are at E[z | x], on a rod with ${slope()}. ${height()}.`);
  function m() {
    const found = mStep(data, beads);
    if (!learn.checked) found.variance = variance;
    steps += 1;
    go({ ...found, beads }, "E", () => `M, step ${steps}: the rod is at rest, ${slope()}. ${height()}.`);
  }
  step.onclick = () => (next === "E" ? e() : m());
  /** All steps at once: the drawing goes straight to where they end. */
  run.onclick = () => {
    stop();
    let [w, v] = [rod, variance];
    for (let k = 0; k < 3000; k++) {
      const found = mStep(data, eStep(data, w, v));
      w = found.rod;
      if (learn.checked) v = found.variance;
    }
    go({ rod: w, beads: eStep(data, w, v), variance: v }, "M", () => `${top() - logLikelihood(data, w, v) < 0.005 ? "The end of EM" : "After 3,000 steps EM is still on its way, as it is slow where the noise is small"}: ${slope()}, σ ${Math.sqrt(variance).toFixed(3)} mm. ${height()}.`);
  };
  again.onclick = () => {
    steps = 0;
    variance = slider.valueAsNumber ** 2;
    go({ rod: START, beads: unmoved, variance }, "E", () => `The rod lies across the cloud, and no bead has moved yet. ${height()}.`);
  };
  slider.addEventListener("input", () => {
    stop();
    variance = slider.valueAsNumber ** 2;
    [beads, next] = [eStep(data, rod, variance), "M"];
    draw();
  });
  slider.addEventListener("change", () => draw(`At σ ${Math.sqrt(variance).toFixed(2)} mm the beads are at E[z | x]. ${height()}.`));
  draw(`${n} Gentoo penguins. The rod lies across the cloud, and no bead has moved yet.`);
}
