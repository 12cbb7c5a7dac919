// Chapter 12: the years' counts in any order, and what a hidden Markov chain believes of
// each year as its forward pass goes; a mixture looks at one year at a time.

import { dot, minus } from "./parts.js";
import { inPixels, words } from "./picture.js";

const FIRST = 1900;
const NAMES = ["calm", "middling", "wild"];

/** log p(count) of a Poisson. */
export function logPoisson(count, rate) {
  let sum = count * Math.log(rate) - rate;
  for (let j = 2; j <= count; j++) sum -= Math.log(j);
  return sum;
}

function normalized(joint) {
  const sum = joint.reduce((a, b) => a + b, 0);
  return [joint.map((v) => v / sum), Math.log(sum)];
}

/** For each row P(state | the rows so far), and the log-probability of the row given those before. */
export function forward(counts, start, transition, rates) {
  const filtered = [], logs = [];
  let ahead = start;
  for (const count of counts) {
    const [now, log] = normalized(ahead.map((p, k) => p * Math.exp(logPoisson(count, rates[k]))));
    filtered.push(now);
    logs.push(log);
    ahead = start.map((_, j) => now.reduce((sum, p, i) => sum + p * transition[i][j], 0));
  }
  return { filtered, logs };
}

/** The same of rows that stand alone. */
export function alone(counts, weights, rates) {
  const found = counts.map((count) => normalized(weights.map((p, k) => p * Math.exp(logPoisson(count, rates[k])))));
  return { filtered: found.map(([r]) => r), logs: found.map(([, log]) => log) };
}

/** The places 0 to n - 1 in another order, the same for the same seed. */
export function shuffled(n, seed) {
  const order = Array.from({ length: n }, (_, t) => t);
  let a = seed * 0x9e3779b9;
  const random = () => { // mulberry32
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  for (let t = n - 1; t > 0; t--) {
    const other = Math.floor(random() * (t + 1));
    [order[t], order[other]] = [order[other], order[t]];
  }
  return order;
}

const total = (logs, upTo) => logs.slice(0, upTo).reduce((a, b) => a + b, 0);
const two = (value) => minus(value.toFixed(2));

export default function chain(box) {
  const known = JSON.parse(box.querySelector(".mx-data").textContent);
  const n = known.counts.length;
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <p>${NAMES.map((name, k) => `${dot(k + 1, "square")}${name}`).join(" &emsp;")}</p>
    <div>${["Shuffle", "In order", "Backwards"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <label>the forward pass, up to year <b></b>
      <input type="range" min="1" max="${n}" step="1" value="${n}"></label>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [svg, list, status, place, upTo] = ["svg", "dl", "[role]", "b", "input"].map((q) => box.querySelector(q));
  const [shuffle, recorded, backwards] = box.querySelectorAll("button");
  const asRecorded = Array.from({ length: n }, (_, t) => t);
  let [order, seed, told] = [asRecorded, 0, "as recorded"];
  let counts, byChain, byMixture;

  const tall = (width) => (width < 420 ? 226 : 250);
  const draw = inPixels(svg, tall, (width) => {
    if (!counts) return;
    const floor = tall(width) - 66;
    const [left, slot] = [26, (width - 28) / n];
    const X = (t) => left + slot * t;
    const Y = (count) => floor - ((floor - 18) * count) / 42;
    const bar = Math.max(slot - (slot > 5 ? 1.5 : 0.4), 1);
    const reached = upTo.valueAsNumber;
    const stack = (t, r, bottom, height) => {
      let at = bottom;
      return r.map((share, k) => {
        const h = share * height;
        at -= h;
        return h < 0.05 ? "" : `<path d="M${X(t).toFixed(2)} ${at.toFixed(2)}h${bar.toFixed(2)}v${h.toFixed(2)}h${(-bar).toFixed(2)}z" fill="var(--mx-${k + 1})"/>`;
      }).join("");
    };
    const bars = counts.map((count, t) => t < reached
      ? stack(t, byChain.filtered[t], floor, floor - Y(count))
      : `<path d="M${X(t).toFixed(2)} ${floor}V${Y(count).toFixed(2)}h${bar.toFixed(2)}V${floor}z" fill="var(--mx-rule)"/>`);
    const strip = counts.map((_, t) => stack(t, byMixture.filtered[t], floor + 40, 16));
    const years = told === "as recorded" ? [1900, 1925, 1950, 1975, 2000] : [];
    const ticks = years.map((year) => words(Math.max(X(year - FIRST) + bar / 2, left + 16), floor + 15, year));
    const label = told === "as recorded" ? "" : words((left + width) / 2, floor + 15, told === "backwards" ? "2006 to 1900" : "in another order", { color: "muted" });
    svg.innerHTML = `
      ${[20, 40].map((v) => `<path d="M${left} ${Y(v)}H${width}" stroke="var(--mx-rule)" stroke-dasharray="2 4"/>${words(left - 5, Y(v) + 4, v, { anchor: "end" })}`).join("")}
      ${words(left - 5, floor + 4, 0, { anchor: "end" })}
      ${words(left, 15, "earthquakes, coloured by the chain", { anchor: "start" })}
      <g class="bars" data-tie="forward">${bars.join("")}</g>
      <path d="M${left} ${floor}H${width}" stroke="var(--mx-ink)"/>
      ${ticks.join("")}${label}
      <g class="strip">${strip.join("")}</g>
      ${words(left, floor + 57, "the mixture's: by the count alone", { anchor: "start" })}`;
  });

  function show(announce) {
    const t = upTo.valueAsNumber;
    const [chainLog, mixtureLog] = [byChain, byMixture].map(({ logs }) => total(logs, t));
    const ahead = known.start.map((_, j) => byChain.filtered[t - 1].reduce((sum, p, i) => sum + p * known.transition[i][j], 0));
    const mean = (weights, rates) => weights.reduce((sum, p, k) => sum + p * rates[k], 0).toFixed(1);
    const [next, always] = [mean(ahead, known.chain), mean(known.weights, known.mixture)];
    place.textContent = told === "as recorded" ? `${FIRST + t - 1}` : `${t} of ${n}`;
    list.innerHTML = `
      <dt>log-likelihood so far, chain</dt><dd><b>${two(chainLog)}</b></dd>
      <dt>the same, mixture</dt><dd>${two(mixtureLog)}</dd>
      <dt>expected next, chain</dt><dd>${next}</dd>
      <dt>the same, mixture</dt><dd>${always}</dd>`;
    if (announce) {
      const where = t === n ? "all years" : `the first ${t} years`;
      const apart = chainLog - mixtureLog;
      status.textContent = `Years ${told}: over ${where} the chain's log-likelihood is ${two(chainLog)}, the mixture's ${two(mixtureLog)}; the chain is ${Math.abs(apart).toFixed(2)} ${apart < 0 ? "below" : "above"} it.`;
    }
    draw();
  }
  function set(now, words) {
    [order, told] = [now, words];
    counts = order.map((t) => known.counts[t]);
    byChain = forward(counts, known.start, known.transition, known.chain);
    byMixture = alone(counts, known.weights, known.mixture);
    show(true);
  }
  shuffle.onclick = () => {
    seed += 1;
    set(shuffled(n, seed), "shuffled");
  };
  recorded.onclick = () => set(asRecorded, "as recorded");
  backwards.onclick = () => set([...asRecorded].reverse(), "backwards");
  upTo.addEventListener("input", () => show(false));
  upTo.addEventListener("change", () => show(true));
  set(asRecorded, "as recorded");
}
