// Chapter 8: four kinds of covariance on the same points, each fitted by the page's Python.

import { minus } from "./parts.js";
import { inPixels, words } from "./picture.js";

/** The Cholesky factor [a, b, c] of the covariance [xx, xy, yy]: rows (a, 0) and (b, c). */
export function root([xx, xy, yy]) {
  const a = Math.sqrt(xx);
  return [a, xy / a, Math.sqrt(yy - (xy / a) ** 2)];
}

/** The log-density at (x, y) of the normal with this mean and covariance. */
export function logDensity([x, y], mean, cov) {
  const [a, b, c] = root(cov);
  const u = (x - mean[0]) / a;
  const v = (y - mean[1] - b * u) / c;
  return -Math.log(2 * Math.PI * a * c) - (u * u + v * v) / 2;
}

/** The responsibility of the first of two components, [weight, mean, cov] each. */
export function responsibility(point, [first, second]) {
  const [p, q] = [first, second].map(([w, mean, cov]) => Math.log(w) + logDensity(point, mean, cov));
  return 1 / (1 + Math.exp(q - p));
}

/** The ellipse `size` standard deviations around a mean. */
export function ellipse(mean, cov, size) {
  const [a, b, c] = root(cov);
  return Array.from({ length: 73 }, (_, k) => {
    const [u, v] = [Math.cos((k * Math.PI) / 36) * size, Math.sin((k * Math.PI) / 36) * size];
    return [mean[0] + a * u, mean[1] + b * u + c * v];
  });
}

const kinds = ["full", "tied", "diagonal", "spherical"];
const looks = {
  full: "Each ellipse may be long, tilted and of its own size",
  tied: "One ellipse for both, long and tilted as it likes",
  diagonal: "Each ellipse has its own size, and its axes lie along the columns",
  spherical: "Each is a circle of its own size",
};

export default function shapes(box) {
  const [points, fits] = JSON.parse(box.querySelector("[hidden]").textContent);
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <div role="radiogroup" style="display:flex;flex-wrap:wrap;gap:0 1.1em" aria-label="The kind of covariance">${kinds.map((kind, k) => `
      <label><input type="radio" name="kind" value="${k}" ${k ? "" : "checked"}> ${kind}</label>`).join("")}</div>
    <p role="status" aria-live="polite"></p>`;
  const [svg, status] = ["svg", "[role=status]"].map((q) => box.querySelector(q));
  const chosen = () => +box.querySelector("[name=kind]:checked").value;

  const wide = (width) => width >= 480;
  const again = inPixels(svg, (width) => (wide(width) ? 360 : 372), (width) => {
    const [tall, numbers, bic, ...parts] = fits[chosen()];
    const unit = wide(width) ? 72 : Math.min(60, (width - 60) / 3.5); // on both axes: a circle is round
    const [left, foot] = [wide(width) ? 40 : (width - 3.5 * unit) / 2 + 14, 4.4 * unit + 6];
    const X = (x) => left + unit * (x + 1.85);
    const Y = (y) => foot - unit * (y + 2.3);
    const tint = (point) => `color-mix(in oklab,var(--mx-1) ${(100 * responsibility(point, parts)).toFixed(0)}%,var(--mx-2))`;
    const round = (all) => all.map(([x, y]) => `${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join("L");
    const two = (v) => minus((v + 0).toFixed(2).replace(/^-0\.00$/, "0.00"));
    const matrix = ([, , [xx, xy, yy]], k) => {
      const apart = Math.min(144, width - 126);
      const [x, y] = wide(width) ? [X(1.65) + 40, 60 + 100 * k] : [(width - apart - 126) / 2 + apart * k, foot + 68];
      const cell = (v, dx, dy) => words(x + dx, y + dy, two(v), { anchor: "end", color: k + 1 });
      return `${words(x, y, `Σ<tspan dy="3">${"AB"[k]}</tspan><tspan dy="-3"> =</tspan>`, { anchor: "start", color: k + 1, tie: "covariance" })}
        ${cell(xx, 80, -9)}${cell(xy, 120, -9)}${cell(xy, 80, 9)}${cell(yy, 120, 9)}
        <path d="M${x + 47} ${y - 22}h-6v36h6M${x + 120} ${y - 22}h6v36h-6" fill="none" stroke="var(--mx-${k + 1})"/>`;
    };
    const told = wide(width) ? [`${numbers} numbers in all`, `log-likelihood ${minus(tall.toFixed(2))}`, `BIC ${bic.toFixed(1)}`] : [];
    svg.innerHTML = `
      ${points.map((point) => `<circle cx="${X(point[0]).toFixed(1)}" cy="${Y(point[1]).toFixed(1)}" r="2.6" fill="${tint(point)}" fill-opacity=".75"/>`).join("")}
      ${parts.flatMap(([, mean, cov], k) => [1, 2].map((size) => `<path d="M${round(ellipse(mean, cov, size))}Z" fill="none" stroke="var(--mx-${k + 1})" stroke-width="${3 - size}" data-tie="covariance"/>`)).join("")}
      <path d="M${X(-1.85)} 6V${foot}H${X(1.65)}" fill="none" stroke="var(--mx-ink)"/>
      ${[-1, 0, 1].map((v) => words(X(v), foot + 15, minus(v))).join("")}${[-2, -1, 0, 1, 2].map((v) => words(X(-1.85) - 6, Y(v) + 4, minus(v), { anchor: "end" })).join("")}
      ${words(X(1.65), foot + 31, "length of the eruption, in sds", { anchor: "end" })}
      ${words(X(-1.85) + 8, 16, "wait for the next, in sds", { anchor: "start" })}
      ${words(X(parts[0][1][0]), Y(parts[0][1][1]) + 4, "A")}${words(X(parts[1][1][0]), Y(parts[1][1][1]) + 4, "B")}
      ${parts.map(matrix).join("")}
      ${told.map((text, k) => words(X(1.65) + 40, 240 + 22 * k, text, { anchor: "start" })).join("")}`;
  });
  function draw() {
    const [tall, numbers, bic] = fits[chosen()];
    again();
    const kind = kinds[chosen()];
    status.textContent = `${looks[kind]}: ${numbers} numbers for the two covariances. The log-likelihood is ${minus(tall.toFixed(2))}, BIC ${bic.toFixed(1)}.`;
  }
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", draw);
  draw();
}
