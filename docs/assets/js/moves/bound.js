// Chapter 4: the log-likelihood, the bound that touches it where q was taken, and the gap.

import { emStep, posterior } from "./marbles.js";
import { dot, minus, pull, widthOf } from "./parts.js";
import { inPixels, points, words } from "./picture.js";

/** The log-likelihood a marble, where a share xbar is red. */
export function logLikelihood(p, xbar, a, b) {
  const red = p * a + (1 - p) * b;
  return xbar * Math.log(red) + (1 - xbar) * Math.log(1 - red);
}

const part = (q, r) => (q > 0 ? q * Math.log(q / r) : 0);

/** KL(q || posterior at p) a marble, with q the posterior at `from`. */
export function divergence(from, p, xbar, a, b) {
  const of = (red) => {
    const [q, r] = [posterior(from, a, b, red), posterior(p, a, b, red)];
    return part(q, r) + part(1 - q, 1 - r);
  };
  return xbar * of(true) + (1 - xbar) * of(false);
}

/** The lower bound a marble at p, with q the posterior at `from`. */
export function lowerBound(from, p, xbar, a, b) {
  const of = (red) => {
    const q = posterior(from, a, b, red);
    return -part(q, p * (red ? a : 1 - a)) - part(1 - q, (1 - p) * (red ? b : 1 - b));
  };
  return xbar * of(true) + (1 - xbar) * of(false);
}

export default function bound(box, { p, redA: a, redB: b, xbar, least, most }) {
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <label>π, the weight of A: <b></b>
      <input type="range" min="${least}" max="${most}" step="0.01"></label>
    <div>${["E-step", "M-step", "Start again"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [slider, value, svg, list, status] = ["input", "b", "svg", "dl", "[role]"].map((q) => box.querySelector(q));
  const [e, m, reset] = box.querySelectorAll("button");
  let [from, now, trail] = [p, emStep(p, xbar, a, b), []];

  const like = (w) => logLikelihood(w, xbar, a, b);
  const under = (w) => lowerBound(from, w, xbar, a, b);
  const grid = Array.from({ length: 161 }, (_, k) => least + ((most - least) * k) / 160);
  const heights = grid.map(like);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const peak = grid[heights.indexOf(high)];
  const twentieths = Array.from({ length: 40 }, (_, k) => -k / 20).filter((h) => h >= low && h <= high);
  const fifths = [0, 0.2, 0.4, 0.6, 0.8, 1].filter((w) => w >= least && w <= most);
  const short = (w) => String(+w.toFixed(6));

  const narrow = (width) => width < 420;
  const margins = (width) => [44, narrow(width) ? 68 : 86];
  const tall = (width) => (narrow(width) ? 262 : 316);
  const redraw = inPixels(svg, tall, (width) => {
    const [left, right] = margins(width);
    const [top, floor] = [26, tall(width) - 44];
    const X = (w) => left + ((width - left - right) * (w - least)) / (most - least);
    const Y = (h) => Math.min(top + ((floor - top) * (high - h)) / (high - low || 1), 9999);
    const best = emStep(from, xbar, a, b);
    const [height, bottom] = [Y(like(now)), Y(under(now))];
    const gap = divergence(from, now, xbar, a, b);

    // Words stand where neither curve goes: outside the arch, or below its top.
    const side = Math.abs(from - peak) < 0.1 ? 0 : Math.sign(from - peak);
    const arm = grid.find((w) => Y(under(w)) < top + 0.78 * (floor - top)) ?? best;
    const [ofArm, dx] = X(arm) > left + 92 ? ["end", -8] : ["start", 14];
    const way = now < from ? -1 : 1; // away from where they touch, the two curves part
    let wide = now;
    while (Math.min(Y(under(wide)), floor) - Y(like(wide)) < 19 && wide > least && wide < most) wide += way * 0.002;
    // and "q taken here" above the curve, also where there is no room beside the dot
    const qAt = side > 0 ? Math.min(X(from) + 10, width - 88) : X(from) + 10 * side;
    const qOver = Math.min(from, least + ((qAt - left) * (most - least)) / (width - left - right));
    const room = way < 0 ? X(wide) - left : width - X(wide);
    const kl = room > 84
      ? [X(wide) + 9 * way, (Y(like(wide)) + Math.min(Y(under(wide)), floor)) / 2 + 5, way < 0 ? "end" : "start"]
      : [X(now) - 9 * way, Math.min(bottom + 22, floor - 8), way < 0 ? "start" : "end"];
    svg.innerHTML = `
      <clipPath id="mx-bound"><path d="M0 0H${width}V${floor}H0Z"/></clipPath>
      <path d="M${left} ${top}V${floor}H${width - right}" fill="none" stroke="var(--mx-ink)"/>
      ${twentieths.map((h) => words(left - 4, Y(h) + 4, minus(h.toFixed(2)), { anchor: "end" })).join("")}
      ${fifths.map((w) => words(X(w), floor + 17, w)).join("")}
      ${words((left + width - right) / 2, floor + 37, "π, weight of A", { tie: "weight" })}
      <g clip-path="url(#mx-bound)" fill="none" stroke-width="2.5">
        <path d="M${X(from)} ${Y(like(from))}V${floor}" stroke="var(--mx-muted)" stroke-width="1" stroke-dasharray="2 4"/>
        <path d="M${X(now)} ${height}V${bottom}" stroke="var(--mx-accent)" stroke-width="9" stroke-opacity="0.4" data-tie="gap"/>
        <path d="M${points(grid, X, (w) => Y(under(w)))}" stroke="var(--mx-accent)" data-tie="bound"/>
        <path d="M${points(grid, X, (w) => Y(like(w)))}" stroke="var(--mx-ink)" data-tie="likelihood"/>
      </g>
      ${trail.map((w) => `<circle cx="${X(w)}" cy="${Y(like(w))}" r="3" fill="var(--mx-ink)"/>`).join("")}
      <path d="M${X(best) - 5} ${Y(under(best)) - 5}h10v10h-10z" fill="var(--mx-paper)" stroke="var(--mx-accent)" stroke-width="2"/>
      <circle cx="${X(from)}" cy="${Y(like(from))}" r="6" fill="var(--mx-ink)"/>
      <circle cx="${X(now)}" cy="${height}" r="5" fill="var(--mx-paper)" stroke="var(--mx-ink)" stroke-width="2.5"/>
      ${words(left, 14, "log-likelihood per marble", { anchor: "start", tie: "likelihood" })}
      ${words(X(arm) + dx, Y(under(arm)) + (dx > 0 ? 10 : 0), "lower bound", { anchor: ofArm, color: "accent", tie: "bound" })}
      ${words(qAt, side ? Y(like(side > 0 ? qOver : from)) - 9 : Y(like(from)) + 22, "q taken here", { anchor: ["end", "middle", "start"][side + 1], tie: "q" })}
      ${gap < 5e-5 ? "" : words(kl[0], kl[1], `KL ${gap.toFixed(4)}`, { anchor: kl[2], color: "accent", tie: "gap" })}`;
  });

  function show(message) {
    const [top, below, gap] = [like(now), under(now), divergence(from, now, xbar, a, b)];
    value.textContent = short(now);
    list.innerHTML = `
      <dt>${dot("ink")}log-likelihood</dt><dd>${minus(top.toFixed(6))}</dd>
      <dt>${dot("accent")}lower bound, q from ${short(from)}</dt><dd>${minus(below.toFixed(6))}</dd>
      <dt>gap, a divergence (KL)</dt><dd><b>${gap.toFixed(6)}</b></dd>`;
    if (message) status.textContent = message(minus(top.toFixed(6)), gap.toFixed(6));
    redraw();
  }

  slider.addEventListener("input", () => {
    now = slider.valueAsNumber;
    show();
  });
  slider.addEventListener("change", () =>
    show((top, gap) => `At ${short(now)} the log-likelihood is ${top}; the bound is lower by ${gap}.`));
  pull(svg, slider, (x) => {
    const [left, right] = margins(widthOf(svg));
    return least + ((x - left) * (most - least)) / (widthOf(svg) - left - right);
  });
  e.onclick = () => {
    if (now !== from) trail.push(from);
    from = now;
    show((top) => `E-step: q is the posterior at ${short(now)}. The bound touches there, at ${top}: the gap is closed.`);
  };
  m.onclick = () => {
    slider.value = now = emStep(from, xbar, a, b);
    show((top, gap) => `M-step: π is ${short(now)}, the top of the bound. The log-likelihood is ${top}, the gap ${gap}.`);
  };
  reset.onclick = () => {
    [from, trail] = [p, []];
    slider.value = now = emStep(p, xbar, a, b);
    show(() => `The first M-step is taken: from ${p}, where the bound touches, to its top, ${short(now)}. Press E-step, or move π.`);
  };
  reset.onclick();
}
