// Chapter 3: the step as a function of the weight, and the stairs that EM walks on it.

import { emStep } from "./marbles.js";
import { minus } from "./parts.js";
import { wide } from "./wide.js";

/** Where EM ends for a share xbar of red, and the slope of the step there. */
export function atLimit(xbar, a, b) {
  const limit = Math.min(1, Math.max(0, (xbar - b) / (a - b)));
  const mu = b + limit * (a - b);
  const rate = (xbar * a * b) / mu ** 2 + ((1 - xbar) * (1 - a) * (1 - b)) / (1 - mu) ** 2;
  return { limit, rate };
}

/** Steps until one is below the tolerance, as the notes stop, and the error there. */
export function stopped(xbar, start, a, b, tol = 1e-8) {
  let [weight, next, steps] = [start, emStep(start, xbar, a, b), 1];
  while (Math.abs(next - weight) >= tol) {
    [weight, next, steps] = [next, emStep(next, xbar, a, b), steps + 1];
  }
  return { steps, error: Math.abs(next - atLimit(xbar, a, b).limit) };
}

export default function cobweb(box, { redA, redB, p, xbar }) {
  box.innerHTML = `
    <svg preserveAspectRatio="xMidYMid" aria-hidden="true"></svg>
    <label>x̄, the share of red: <b></b><input type="range" min="0.3" max="0.8" step="0.01" value="${xbar}"></label>
    <label>the start of π: <b></b><input type="range" min="0.01" max="0.99" step="0.01" value="${p}"></label>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [svg, list, status] = ["svg", "dl", "[role]"].map((s) => box.querySelector(s));
  const sliders = box.querySelectorAll("input");
  const step = (weight) => emStep(weight, xbar, redA, redB);

  /** One panel: weights from `low` to `high` on both axes. */
  function panel(left, top, width, height, low, high, title, slope) {
    const [x0, y0, w, h] = [left + 30, top + 24, width - 34, height - 62];
    const X = (v) => x0 + (w * (v - low)) / (high - low);
    const Y = (v) => y0 + h - (h * (v - low)) / (high - low);
    const { limit, rate } = atLimit(xbar, redA, redB);
    const at = Array.from({ length: 101 }, (_, k) => low + ((high - low) * k) / 100);
    const curve = at.map((v) => `${X(v).toFixed(1)} ${Y(step(v)).toFixed(1)}`).join("L");
    let [weight, stairs] = [p, `M${X(p)} ${Y(low)}`];
    for (let k = 0; k < 60; k++) {
      const next = step(weight);
      stairs += `L${X(weight)} ${Y(next)}L${X(next)} ${Y(next)}`;
      weight = next;
    }
    const tangent = `M${X(low)} ${Y(limit + rate * (low - limit))}L${X(high)} ${Y(limit + rate * (high - limit))}`;
    const id = `mx-cobweb-${slope ? "near" : "all"}`;
    const mark = (v) => +v.toFixed(2);
    return `
      <clipPath id="${id}"><rect x="${x0}" y="${y0}" width="${w}" height="${h}"/></clipPath>
      <text x="${left}" y="${top + 14}">${title}</text>
      <g clip-path="url(#${id})" fill="none">
        <path d="M${X(low)} ${Y(low)}L${X(high)} ${Y(high)}" stroke="var(--mx-muted)"/>
        ${slope ? `<path d="${tangent}" stroke="var(--mx-accent)" stroke-width="2" stroke-dasharray="6 4" data-tie="rate"/>` : ""}
        <path d="M${curve}" stroke="var(--mx-ink)" stroke-width="2"/>
        <path d="${stairs}" stroke="var(--mx-1)" stroke-width="1.5" data-tie="weight"/>
      </g>
      <circle cx="${X(limit)}" cy="${Y(limit)}" r="4.5" fill="var(--mx-ink)"/>
      <path d="M${x0} ${y0}V${y0 + h}H${x0 + w}" fill="none" stroke="var(--mx-ink)"/>
      <text x="${x0 - 4}" y="${y0 + 10}" text-anchor="end">${mark(high)}</text>
      <text x="${x0}" y="${y0 + h + 15}" text-anchor="middle">${mark(low)}</text>
      <text x="${x0 + w}" y="${y0 + h + 15}" text-anchor="end">${mark(high)}</text>
      <text x="${x0 + w / 2}" y="${y0 + h + 30}" text-anchor="middle">π before the step</text>
      <text x="${x0 + 8}" y="${y0 + 12}">π after it</text>
      ${(slope ? [`dashed: slope ρ = ${rate.toFixed(3)}`] : ["curve: the step", "grey: no change"])
        .map((words, k) => `<text x="${x0 + 8}" y="${y0 + 29 + 17 * k}" style="fill:var(--mx-muted)">${words}</text>`).join("")}`;
  }

  const redraw = wide(svg, (width) => {
    const { limit } = atLimit(xbar, redA, redB);
    const low = Math.min(0.9, Math.max(0, limit - 0.05));
    const near = [low, low + 0.1];
    const beside = width > 480;
    const [w, h] = beside ? [(width - 16) / 2, 300] : [width, 250];
    const second = beside ? [w + 16, 0] : [0, h + 8];
    svg.innerHTML = panel(0, 0, w, h, 0, 1, "the stairs of EM", false) +
      panel(...second, w, h, ...near, "near the limit, ten times larger", true);
    return beside ? h : 2 * h + 8;
  });

  function draw(announce) {
    [xbar, p] = Array.from(sliders, (slider) => slider.valueAsNumber);
    for (const slider of sliders) slider.previousElementSibling.textContent = slider.valueAsNumber.toFixed(2);
    redraw();
    const { limit, rate } = atLimit(xbar, redA, redB);
    const { steps, error } = stopped(xbar, p, redA, redB);
    const times = 1 - rate > 1e-9 ? `about ${(rate / (1 - rate)).toFixed(1)} times that step` : "no multiple of that step";
    list.innerHTML = `
      <dt>limit</dt><dd>${+limit.toFixed(3)}</dd>
      <dt>rate ρ, the slope there</dt><dd>${rate.toFixed(3)}</dd>
      <dt>error after a step</dt><dd>${times}</dd>`;
    if (announce) status.textContent = `A step is below 10⁻⁸ after ${steps} steps; the error is then ${minus(error.toExponential(1))}.`;
  }
  for (const slider of sliders) {
    slider.addEventListener("input", () => draw(false));
    slider.addEventListener("change", () => draw(true));
  }
  draw(true);
}
