// Chapter 6: add and remove components of a mixture for the deaths in The Times, and
// climb by plain EM steps. A component is a family and its mean, which each of the
// families here is determined by; their weighted fits are all a weighted mean.

import { dot, minus } from "./parts.js";
import { inPixels, words } from "./picture.js";

/** Days with 0, 1, ..., 9 deaths. */
export const DAYS = [162, 267, 271, 185, 111, 61, 27, 8, 3, 1];
export const MOST = 6; // components, as many as there are colours
const N = DAYS.reduce((a, b) => a + b);

const TRIALS = 20; // of the binomial
const times = (x, log) => (x ? x * log : 0); // 0 log 0 = 0
const logFactorial = (x) => Array.from({ length: x }, (_, k) => Math.log(k + 1)).reduce((a, b) => a + b, 0);
const LOG_PROB = {
  Poisson: (x, mean) => times(x, Math.log(mean)) - mean - logFactorial(x),
  geometric: (x, mean) => times(x, Math.log(mean / (1 + mean))) - Math.log1p(mean),
  binomial: (x, mean) =>
    logFactorial(TRIALS) - logFactorial(x) - logFactorial(TRIALS - x) +
    times(x, Math.log(mean / TRIALS)) + times(TRIALS - x, Math.log1p(-mean / TRIALS)),
};

/** weight x probability: a row a number of deaths, a column a component. */
export const joint = (parts) =>
  DAYS.map((_, x) => parts.map(({ family, weight, mean }) => weight * Math.exp(LOG_PROB[family](x, mean))));

const sum = (row) => row.reduce((a, b) => a + b, 0);
export const logLikelihood = (parts) => sum(joint(parts).map((row, x) => DAYS[x] * Math.log(sum(row))));
export const aic = (parts) => 2 * (2 * parts.length - 1) - 2 * logLikelihood(parts);

/** Responsibilities, then a weighted fit of every component. */
export function emStep(parts) {
  const table = joint(parts);
  const evidence = table.map(sum);
  return parts.map(({ family }, k) => {
    const r = table.map((row, x) => (DAYS[x] * row[k]) / evidence[x]);
    const n = sum(r);
    return { family, weight: n / N, mean: n > 0 ? sum(r.map((w, x) => w * x)) / n : parts[k].mean };
  });
}

/** Plain steps until 500 of them gain less than 1e-9 together; at most 20,000. */
export function climb(parts) {
  let [steps, before] = [0, -Infinity];
  while (steps < 20000) {
    const now = logLikelihood(parts);
    if (now - before < 1e-9) break;
    before = now;
    for (let k = 0; k < 500; k++) parts = emStep(parts);
    steps += 500;
  }
  return { parts, steps };
}

/** One component more, with an equal share, half as busy again as the busiest. */
export function added(parts, family) {
  const K = parts.length;
  const mean = Math.min(1.5 * Math.max(...parts.map((part) => part.mean)), TRIALS / 2);
  return [...parts.map((part) => ({ ...part, weight: (part.weight * K) / (K + 1) })), { family, weight: 1 / (K + 1), mean }];
}

/** Without the last component; the others share its weight in proportion. */
export function removed(parts) {
  const kept = parts.slice(0, -1);
  const total = sum(kept.map((part) => part.weight));
  return kept.map((part) => ({ ...part, weight: total > 0 ? part.weight / total : 1 / kept.length }));
}

export const first = () => [{ family: "Poisson", weight: 1, mean: sum(DAYS.map((n, x) => n * x)) / N }];

const SAYS = {
  Poisson: (mean) => `Poisson, rate ${mean.toFixed(4)}`,
  geometric: (mean) => `geometric, p ${(1 / (1 + mean)).toFixed(4)}`,
  binomial: (mean) => `binomial of ${TRIALS}, p ${(mean / TRIALS).toFixed(4)}`,
};

/** The colours of the components, mixed as a count belongs to each. */
const tint = (row) => {
  let [colour, so] = ["var(--mx-1)", row[0]];
  row.slice(1).forEach((share, k) => {
    so += share;
    colour = `color-mix(in oklab, var(--mx-${k + 2}) ${so > 0 ? ((100 * share) / so).toFixed(1) : 50}%, ${colour})`;
  });
  return colour;
};

export default function components(box) {
  const names = ["Add a Poisson", "Add a geometric", "Add a binomial", "Remove the last", "One EM step", "Climb"];
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <div>${names.map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [svg, list, status] = ["svg", "dl", "[role]"].map((q) => box.querySelector(q));
  const [poisson, geometric, binomial, remove, step, up] = box.querySelectorAll("button");
  let parts = first();

  const tall = (width) => (width < 420 ? 214 : 250);
  const redraw = inPixels(svg, tall, (width) => {
    const [left, top, floor] = [34, 20, tall(width) - 42];
    const slot = (width - left) / DAYS.length;
    const X = (x) => left + slot * (x + 0.5);
    const Y = (days) => floor - ((floor - top) * days) / 300;
    const expected = joint(parts).map((row) => row.map((p) => N * p));
    const bars = expected.map((row, x) => {
      let base = 0;
      return row.map((days, k) => {
        base += days;
        return `<rect x="${(X(x) - 0.4 * slot).toFixed(1)}" y="${Y(base).toFixed(2)}" width="${(0.8 * slot).toFixed(1)}" height="${(floor - Y(days)).toFixed(2)}" fill="var(--mx-${k + 1})" fill-opacity="0.75"/>`;
      }).join("");
    }).join("");
    svg.innerHTML = `<g data-tie="weight rate">${bars}</g>
      <g data-tie="count">${DAYS.map((days, x) => `<circle cx="${X(x).toFixed(1)}" cy="${Y(days).toFixed(1)}" r="6" style="fill:${tint(expected[x])}" stroke="var(--mx-ink)" stroke-width="2"/>`).join("")}</g>
      <path d="M${left} ${top}V${floor}H${width}" fill="none" stroke="var(--mx-ink)"/>
      ${[0, 100, 200].map((days) => words(left - 5, Y(days) + 4, days, { anchor: "end" })).join("")}
      ${DAYS.map((_, x) => words(X(x), floor + 17, x)).join("")}
      ${words((left + width) / 2, floor + 37, "x, deaths in a day")}
      ${words(left, 13, "days", { anchor: "middle" })}
      ${words(width - 4, top + 12, "dots: the days that were", { anchor: "end" })}
      ${words(width - 4, top + 30, "bars: the mixture", { anchor: "end" })}`;
  });

  function draw(message) {
    redraw();
    const [height, cost] = [logLikelihood(parts), aic(parts)].map((v, k) => minus(v.toFixed(k ? 2 : 3)));
    list.innerHTML = parts.map(({ family, weight, mean }, k) => `
      <dt data-tie="weight rate">${dot(k + 1, "square")}${SAYS[family](mean)}</dt><dd>π ${weight.toFixed(4)}</dd>`).join("") + `
      <dt>log-likelihood</dt><dd><b>${height}</b></dd><dt>AIC</dt><dd>${cost}</dd>`;
    for (const button of [poisson, geometric, binomial]) button.setAttribute("aria-disabled", parts.length === MOST);
    remove.setAttribute("aria-disabled", parts.length === 1);
    status.textContent = `${message} The log-likelihood is ${height}, AIC ${cost}.`;
  }
  const count = () => (parts.length === 1 ? "One component." : `${parts.length} components.`);
  const press = (button, change) => {
    button.onclick = () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      draw(change());
    };
  };
  const add = (family) => () => {
    parts = added(parts, family);
    return `Added a ${family}: ${count().toLowerCase()}`;
  };
  press(poisson, add("Poisson"));
  press(geometric, add("geometric"));
  press(binomial, add("binomial"));
  press(remove, () => {
    parts = removed(parts);
    return `Removed the last: ${count().toLowerCase()}`;
  });
  press(step, () => {
    parts = emStep(parts);
    return "One step on.";
  });
  press(up, () => {
    const end = climb(parts);
    parts = end.parts;
    return `${end.steps.toLocaleString("en")} steps on.`;
  });
  draw("One Poisson at its maximum: it expects too few days without a death, and too few with many.");
}
