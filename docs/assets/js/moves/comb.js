// Chapter 9: the proof drawn: a density, the density smoothed, and a comb of K equal normals.

import { bell } from "./normal.js";
import { inPixels, points, words } from "./picture.js";

/** The standard normal distribution function, to 1e-15. */
export function phi(x) {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let [term, sum] = [x, x];
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= (x * x) / k;
  return 0.5 + bell(x, 0, 1) * sum;
}

/** The integral of phi from -infinity. */
const ramp = (x) => x * phi(x) + bell(x, 0, 1);

/** Two densities on an interval: themselves, smoothed by a normal of sd s, their total
    variation, and the probability below x. */
export const targets = {
  box: {
    low: 0, high: 1, variation: 2,
    f: (x) => (x > 0 && x < 1 ? 1 : 0),
    smooth: (x, s) => phi(x / s) - phi((x - 1) / s),
    below: (x) => Math.min(Math.max(x, 0), 1),
  },
  roof: {
    low: -1, high: 1, variation: 2,
    f: (x) => Math.max(1 - Math.abs(x), 0),
    smooth: (x, s) => s * (ramp((x + 1) / s) - 2 * ramp(x / s) + ramp((x - 1) / s)),
    below: (x) => (x < 0 ? (1 + Math.max(x, -1)) ** 2 / 2 : 1 - (1 - Math.min(x, 1)) ** 2 / 2),
  },
};

/** The comb: one normal of sd s in the middle of each of K cells, as rows of weight and mean. */
export function comb({ low, high, below }, K) {
  const h = (high - low) / K;
  return Array.from({ length: K }, (_, k) => [below(low + (k + 1) * h) - below(low + k * h), low + (k + 0.5) * h]);
}

const density = (rows, x, s) => rows.reduce((total, [w, mean]) => total + w * bell(x, mean, s), 0);

/** The L1 distances between f and f smoothed, f smoothed and the comb, f and the comb:
    a sum over the middles of 3 x 1,200 cells, whose ends are where f jumps. */
export function errors(target, K, s) {
  const { low, high, f, smooth } = target;
  const rows = comb(target, K);
  const sums = [0, 0, 0];
  for (const [a, b] of [[low - 8 * s, low], [low, high], [high, high + 8 * s]]) {
    const h = (b - a) / 1200;
    for (let k = 0; k < 1200; k++) {
      const x = a + (k + 0.5) * h;
      const [exact, soft, sum] = [f(x), smooth(x, s), density(rows, x, s)];
      sums[0] += h * Math.abs(exact - soft);
      sums[1] += h * Math.abs(soft - sum);
      sums[2] += h * Math.abs(exact - sum);
    }
  }
  return sums;
}

/** What the proof says of the first two, and the s that makes their sum least. */
export const bounds = ({ low, high, variation }, K, s) => [variation * s * Math.sqrt(2 / Math.PI), (high - low) / (K * s * Math.sqrt(2 * Math.PI))];
export const chosen = ({ low, high, variation }, K) => Math.sqrt((high - low) / (2 * variation * K));

const [LEAST, MOST] = [-2, 0]; // powers of ten of s

export default function proof(box, { k, s: first }) {
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <label>s, how much is smoothed: <b></b>
      <input type="range" name="s" min="${LEAST}" max="${MOST}" step="0.02" value="${Math.log10(first)}"></label>
    <label>K, how many normals: <b></b>
      <input type="range" name="K" min="1" max="32" step="1" value="${k}"></label>
    <div role="radiogroup" style="display:flex;flex-wrap:wrap;align-items:center;gap:0 1.1em" aria-label="The density"><span>Density</span>${Object.keys(targets).map((name) => `
      <label><input type="radio" name="density" value="${name}" ${name === "box" ? "checked" : ""}> ${name}</label>`).join("")}
      <button type="button">s of the proof</button></div>
    <p role="status" aria-live="polite"></p>`;
  const [svg, width, many, button, status] = ["svg", "[name=s]", "[name=K]", "button", "[role=status]"].map((q) => box.querySelector(q));
  const target = () => targets[box.querySelector("[name=density]:checked").value];
  const grid = Array.from({ length: 51 }, (_, j) => LEAST + j / 25);
  const curves = new Map(); // the errors over s, of each density and K
  const side = (w) => w >= 480;

  function over(density, K) {
    const key = `${density.low} ${K}`;
    if (!curves.has(key)) curves.set(key, grid.map((log) => errors(density, K, 10 ** log)));
    return curves.get(key);
  }

  function paint(total) {
    const density_ = target();
    const [s, K] = [10 ** width.valueAsNumber, many.valueAsNumber];
    const rows = comb(density_, K);
    const now = errors(density_, K, s);
    const half = side(total) ? total / 2 - 12 : total;
    const [left, top] = side(total) ? [total / 2 + 12, 0] : [0, 214];
    const [from, to] = [density_.low - 0.55, density_.high + 0.55];
    const tall = 1.45;
    const X = (x) => 4 + ((x - from) * (half - 8)) / (to - from);
    const Y = (y) => 176 - Math.min(y, tall) * (150 / tall);
    const xs = [...Array.from({ length: 401 }, (_, j) => from + ((to - from) * j) / 400), density_.low - 1e-9, density_.low + 1e-9, density_.high - 1e-9, density_.high + 1e-9].sort((a, b) => a - b);
    const line = (f) => points(xs, X, (x) => Y(f(x)));
    const base = `L${X(to)} 176L${X(from)} 176Z`;
    const S = (log) => left + 44 + ((log - LEAST) * (half - 50)) / (MOST - LEAST);
    const E = (e) => top + 176 - Math.max(0, Math.min(1, (Math.log10(e) + 4) / 4.6)) * 150;
    const all = over(density_, K);
    const curve = (j, style) => `<path d="M${grid.map((log, i) => `${S(log).toFixed(1)} ${E(all[i][j]).toFixed(1)}`).join("L")}" fill="none" ${style}/>`;
    const bound = (j, colour) => `<path d="M${points([LEAST, MOST], S, (log) => E(bounds(density_, K, 10 ** log)[j]))}" stroke="var(--mx-${colour})" stroke-dasharray="2 4" fill="none"/>`;
    const here = width.valueAsNumber;
    const spot = (j, colour) => `<circle cx="${S(here)}" cy="${E(now[j])}" r="4.5" fill="var(--mx-${colour})"/>`;
    svg.innerHTML = `
      <path d="M${line(density_.f)}${base}" fill="var(--mx-muted)" fill-opacity=".25"/>
      ${rows.map(([w, mean]) => `<path d="M${line((x) => w * bell(x, mean, s))}" fill="none" stroke="var(--mx-accent)" stroke-width=".9" stroke-opacity=".55" data-tie="size"/>`).join("")}
      <path d="M${line((x) => density_.smooth(x, s))}" fill="none" stroke="var(--mx-ink)" stroke-width="2.2" data-tie="smoothing"/>
      <path d="M${line((x) => density(rows, x, s))}" fill="none" stroke="var(--mx-accent)" stroke-width="2.2"/>
      <path d="M${X(from)} 176H${X(to)}" stroke="var(--mx-ink)"/>
      ${[density_.low, density_.high].map((x) => words(X(x), 191, String(x).replace("-", "−"))).join("")}
      ${words(4, 14, "grey: f", { anchor: "start", color: "muted" })}${words(X(from) + 60, 14, "f smoothed", { anchor: "start" })}${words(X(from) + 146, 14, "the comb", { anchor: "start", color: "accent" })}
      <path d="M${S(LEAST)} ${top + 26}V${top + 176}H${S(MOST)}" fill="none" stroke="var(--mx-ink)"/>
      ${[0.001, 0.01, 0.1, 1].map((e) => words(S(LEAST) - 5, E(e) + 4, e, { anchor: "end" })).join("")}
      ${[-2, -1, 0].map((log) => words(S(log), top + 191, 10 ** log, { anchor: log === MOST ? "end" : "middle" })).join("")}
      ${words(left + half / 2, top + 205, "s")}${words(left, top + 14, "L1 error, and its bounds (dotted)", { anchor: "start" })}
      <path d="M${S(here)} ${top + 26}V${top + 176}" stroke="var(--mx-rule)"/>
      ${bound(0, "ink")}${bound(1, "accent")}
      ${curve(0, 'stroke="var(--mx-ink)" stroke-width="1.6"')}${curve(1, 'stroke="var(--mx-accent)" stroke-width="1.6"')}${curve(2, 'stroke="var(--mx-muted)" stroke-width="4" stroke-opacity=".55"')}
      ${spot(0, "ink")}${spot(1, "accent")}
      ${words(S(-1.98), E(all[0][0]) + (all[0][0] > 0.004 ? 15 : -6), "smoothing", { anchor: "start" })}
      ${words(S(-1.98), E(all[0][1]) - 8, "cutting", { anchor: "start", color: "accent" })}
      ${words(S(MOST), E(all.at(-1)[2]) - 8, "both", { anchor: "end", color: "muted" })}`;
  }
  const again = inPixels(svg, (w) => (side(w) ? 208 : 422), paint);

  function draw(announce) {
    const density_ = target();
    const [s, K] = [10 ** width.valueAsNumber, many.valueAsNumber];
    const soft = s.toPrecision(3);
    box.querySelector("label b").textContent = soft;
    many.previousElementSibling.textContent = K;
    width.setAttribute("aria-valuetext", soft);
    many.setAttribute("aria-valuetext", `${K}`);
    again();
    if (!announce) return;
    const [smoothing, cutting, both] = errors(density_, K, s).map((e) => e.toFixed(4));
    const [a, b] = bounds(density_, K, s).map((e) => e.toFixed(4));
    status.textContent = `K = ${K}, s = ${soft}: smoothing costs ${smoothing} (the proof allows ${a}), cutting ${cutting} (${b}), both together ${both}.`;
  }
  for (const slider of [width, many]) {
    slider.addEventListener("input", () => draw(false));
    slider.addEventListener("change", () => draw(true));
  }
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => draw(true));
  button.addEventListener("click", () => {
    width.valueAsNumber = Math.log10(chosen(target(), many.valueAsNumber));
    draw(true);
  });
  draw(true);
}
