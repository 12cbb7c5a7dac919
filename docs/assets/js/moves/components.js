// Chapter 6: add and remove components of a mixture for the deaths in The Times, and
// climb by plain EM steps. A component is a family and its mean, which both families
// here are determined by; their weighted fits are both a weighted mean.

import { dot } from "./parts.js";

/** Days with 0, 1, ..., 9 deaths. */
export const DAYS = [162, 267, 271, 185, 111, 61, 27, 8, 3, 1];
export const MOST = 6; // components, as many as there are colours
const N = DAYS.reduce((a, b) => a + b);
const LOG_FACTORIAL = DAYS.map((_, x) => Array.from({ length: x }, (_, k) => Math.log(k + 1)).reduce((a, b) => a + b, 0));

const times = (x, log) => (x ? x * log : 0); // 0 log 0 = 0
const LOG_PROB = {
  Poisson: (x, mean) => times(x, Math.log(mean)) - mean - LOG_FACTORIAL[x],
  geometric: (x, mean) => times(x, Math.log(mean / (1 + mean))) - Math.log1p(mean),
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
  const mean = 1.5 * Math.max(...parts.map((part) => part.mean));
  return [...parts.map((part) => ({ ...part, weight: (part.weight * K) / (K + 1) })), { family, weight: 1 / (K + 1), mean }];
}

/** Without the last component; the others share its weight in proportion. */
export function removed(parts) {
  const kept = parts.slice(0, -1);
  const total = sum(kept.map((part) => part.weight));
  return kept.map((part) => ({ ...part, weight: total > 0 ? part.weight / total : 1 / kept.length }));
}

export const first = () => [{ family: "Poisson", weight: 1, mean: sum(DAYS.map((n, x) => n * x)) / N }];

export default function components(box) {
  const names = ["Add a Poisson", "Add a geometric", "Remove the last", "One EM step", "Climb"];
  box.innerHTML = `
    <div>${names.map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <svg viewBox="0 0 340 190" aria-hidden="true"></svg>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [svg, list, status] = ["svg", "dl", "[role]"].map((q) => box.querySelector(q));
  const [poisson, geometric, remove, step, up] = box.querySelectorAll("button");
  let parts = first();
  const X = (x) => 22 + 33 * x;
  const Y = (days) => 166 - days / 2;

  function draw(message) {
    const expected = joint(parts).map((row) => row.map((p) => N * p));
    const bars = expected.map((row, x) => {
      let base = 0;
      return row.map((days, k) => {
        base += days;
        return `<rect x="${X(x) - 13}" y="${Y(base).toFixed(2)}" width="26" height="${(days / 2).toFixed(2)}" fill="var(--mx-${k + 1})"/>`;
      }).join("");
    }).join("");
    svg.innerHTML = `${bars}
      ${DAYS.map((days, x) => `<circle cx="${X(x)}" cy="${Y(days)}" r="4" fill="var(--mx-ink)" stroke="var(--mx-paper)"/>
        <text x="${X(x)}" y="184" text-anchor="middle">${x}</text>`).join("")}
      <path d="M5 166H335" stroke="var(--mx-ink)"/>`;
    const told = ({ family, mean }) =>
      family === "Poisson" ? `Poisson, rate ${mean.toFixed(4)}` : `geometric, p ${(1 / (1 + mean)).toFixed(4)}`;
    const [height, cost] = [logLikelihood(parts), aic(parts)].map((v, k) => v.toFixed(k ? 2 : 3).replace("-", "−"));
    list.innerHTML = parts.map((part, k) => `
      <dt>${dot(k + 1, "square")}${told(part)}</dt><dd>π ${part.weight.toFixed(4)}</dd>`).join("") + `
      <dt>log-likelihood</dt><dd><b>${height}</b></dd><dt>AIC</dt><dd>${cost}</dd>`;
    for (const button of [poisson, geometric]) button.setAttribute("aria-disabled", parts.length === MOST);
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
  draw("One Poisson at its maximum.");
}
