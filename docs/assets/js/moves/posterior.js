// Chapter 15: where a boat is, of which a radar says how far away it is. The posterior
// has no formula; beside it stand the best normal, and what an encoder says that has
// learned a line. The page brings the encoder's numbers: { mean, logSd }.

import { dot, minus, pull, widthOf } from "./parts.js";
import { inPixels, points, words } from "./picture.js";

const PIER = 0.5; // km along the coast, and off it
const GRID = Array.from({ length: 1201 }, (_, i) => -6 + i / 100);
const EPS = Array.from({ length: 161 }, (_, i) => -8 + i / 10);
const PHI = EPS.map((e) => Math.exp((-e * e) / 2) / Math.sqrt(2 * Math.PI) / 10);

const far = (z) => Math.hypot(z - PIER, PIER);
const logNormal = (x, mean, sd) => -(((x - mean) / sd) ** 2) / 2 - Math.log(sd * Math.sqrt(2 * Math.PI));
const logJoint = (x, z, noise) => logNormal(z, 0, 1) + logNormal(x, far(z), noise);

/** log p(x), by a grid. */
export const logEvidence = (x, noise) =>
  Math.log(GRID.reduce((sum, z) => sum + Math.exp(logJoint(x, z, noise)), 0) / 100);

/** log p(x) less the bound of a normal q: KL(q || posterior). */
export function gapOf(x, { mean, sd }, noise) {
  let bound = 0;
  EPS.forEach((e, i) => {
    const z = mean + sd * e;
    bound += PHI[i] * (logJoint(x, z, noise) - logNormal(z, mean, sd));
  });
  return logEvidence(x, noise) - bound;
}

/** The normal that climbs to the top of the bound from a mean. */
export function climb(x, start, noise) {
  let [mean, sd] = [start, 0.4];
  for (let step = 0; step < 600; step++) {
    let [byMean, byLogSd] = [0, 1];
    EPS.forEach((e, i) => {
      const z = mean + sd * e;
      const up = PHI[i] * (((x - far(z)) * (z - PIER)) / far(z) / noise ** 2 - z);
      byMean += up;
      byLogSd += up * e * sd;
    });
    mean += 0.02 * byMean;
    sd *= Math.exp(0.02 * byLogSd);
  }
  return { mean, sd };
}

/** Both tops of the bound, the higher first. */
export function tops(x, noise) {
  const found = [-1, 1.5].map((start) => climb(x, start, noise));
  return found.map((q) => ({ ...q, gap: gapOf(x, q, noise) })).sort((a, b) => a.gap - b.gap);
}

export const encoder = (x, { mean, logSd }) => ({ mean: mean[0] + mean[1] * x, sd: Math.exp(logSd[0] + logSd[1] * x) });

const [FROM, TO, HIGH] = [-3, 3.6, 2.4];

export default function move(box, { noise, x: first }) {
  const learned = JSON.parse(box.querySelector(".mx-data").textContent);
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <label>x, the distance that the radar says, km: <b></b>
      <input type="range" min="0.3" max="3" step="0.05" value="${first}"></label>
    <div><button type="button" aria-pressed="false">Climb from the other side</button></div>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [svg, slider, value, button, list, status] = ["svg", "input", "b", "button", "dl", "[role]"].map((q) => box.querySelector(q));
  let [x, other] = [first, false];
  let seen = { log: logEvidence(x, noise), q: tops(x, noise)[0], amortised: encoder(x, learned) };

  const strip = (width) => Math.round(Math.min(1.85 * ((width - 12) / (TO - FROM)), 170)); // a ring of 1.2 km is whole on a phone
  const tall = (width) => strip(width) + (width < 420 ? 178 : 206);
  const redraw = inPixels(svg, tall, (width) => {
    const scale = (width - 12) / (TO - FROM);
    const X = (z) => 6 + (z - FROM) * scale;
    const coast = strip(width);
    const floor = tall(width) - 40;
    const Y = (p) => floor - (p / HIGH) * (floor - coast - 26);
    const curve = GRID.filter((z, i) => z >= FROM && z <= TO && i % 2 === 0);
    const path = (density) => points(curve, X, (z) => Y(density(z)));
    const hill = path((z) => Math.exp(logJoint(x, z, noise) - seen.log));
    const bell = (q) => path((z) => Math.exp(logNormal(z, q.mean, q.sd)));
    const end = coast - PIER * scale; // of the pier
    svg.innerHTML = `
      <clipPath id="mx-sea"><path d="M0 0H${width}V${coast}H0Z"/></clipPath>
      <g clip-path="url(#mx-sea)" fill="none" stroke="var(--mx-4)">
        <circle cx="${X(PIER)}" cy="${end}" r="${x * scale}" stroke-width="${2 * noise * scale}" stroke-opacity="0.15"/>
        <circle cx="${X(PIER)}" cy="${end}" r="${x * scale}" stroke-dasharray="4 4"/>
      </g>
      <path d="M${X(PIER)} ${coast}V${end}" stroke="var(--mx-ink)" stroke-width="3"/>
      <circle cx="${X(PIER)}" cy="${end}" r="5" fill="var(--mx-ink)"/>
      <path d="M0 ${coast}H${width}" stroke="var(--mx-ink)" stroke-width="1.5"/>
      <path d="M${X(curve[0])} ${floor}L${hill}L${X(curve.at(-1))} ${floor}Z" fill="var(--mx-muted)" fill-opacity="0.3" stroke="var(--mx-muted)" data-tie="hidden"/>
      <path d="M${bell(seen.amortised)}" fill="none" stroke="var(--mx-2)" stroke-width="2" stroke-dasharray="7 4"/>
      <path d="M${bell(seen.q)}" fill="none" stroke="var(--mx-1)" stroke-width="2.5" data-tie="q"/>
      <path d="M0 ${floor}H${width}" stroke="var(--mx-ink)"/>
      ${[-3, -2, -1, 0, 1, 2, 3].map((z) => words(Math.max(X(z), 12), floor + 16, minus(z), {})).join("")}
      ${words(width / 2, floor + 34, "z, place along the coast, km", { tie: "hidden" })}
      ${words(X(PIER) + 9, end + 5, "radar", { anchor: "start" })}
      ${words(X(FROM) + 2, coast - 7, "coast", { anchor: "start" })}
      <path d="M${X(0)} ${coast - 5}v10" stroke="var(--mx-ink)" stroke-width="2"/>
      ${words(X(0) - 3, coast - 9, "harbour", { anchor: "end" })}
      ${words(width - 150, coast + 17, "posterior", { anchor: "end", color: "muted", tie: "hidden" })}
      ${words(width - 62, coast + 17, other ? "other side" : "best normal", { anchor: "end", color: "1", tie: "q" })}
      ${words(width - 4, coast + 17, "encoder", { anchor: "end", color: "2" })}`;
  });

  function show(told) {
    const both = tops(x, noise);
    const q = other ? both[1] : both[0];
    const amortised = encoder(x, learned);
    const own = gapOf(x, amortised, noise);
    seen = { log: logEvidence(x, noise), q, amortised };
    value.textContent = x.toFixed(2);
    button.ariaPressed = String(other);
    const fixed = (v) => minus(v.toFixed(3));
    list.innerHTML = `
      <dt>${dot("muted")}posterior: log p(x)</dt><dd>${fixed(seen.log)}</dd>
      <dt>${dot("1")}${other ? "a normal from the other side" : "best normal"}: gap</dt><dd><b>${fixed(q.gap)}</b></dd>
      <dt>${dot("2")}encoder: gap</dt><dd><b>${fixed(own)}</b></dd>
      <dt>of this, amortisation gap</dt><dd>${fixed(Math.max(own - both[0].gap, 0))}</dd>`;
    if (told) status.textContent = `At ${x.toFixed(2)} km the ${other ? "normal from the other side" : "best normal"} has mean ${minus(q.mean.toFixed(2))} and sd ${q.sd.toFixed(2)}. Its gap is ${fixed(q.gap)}, the encoder's ${fixed(own)}.`;
    redraw();
  }

  slider.addEventListener("input", () => {
    x = slider.valueAsNumber;
    show();
  });
  slider.addEventListener("change", () => show(true));
  pull(svg, slider, (across) => far(FROM + ((across - 6) * (TO - FROM)) / (widthOf(svg) - 12)));
  button.onclick = () => {
    other = !other;
    show(true);
  };
  show(true);
}
