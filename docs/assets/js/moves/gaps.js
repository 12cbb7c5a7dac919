// Chapter 11: waits at Old Faithful are lost, by chance, by the eruption before them, or
// by their own length; then rows are dropped, or the mean is filled in, or EM is run. The
// page brings the eruptions, the waits and a number from 0 to 1 for each, by which it is
// lost: { x, y, u }.

import { minus } from "./parts.js";
import { inPixels, words } from "./picture.js";

/** Which waits are lost. */
export const rules = {
  any: ["any wait (MCAR)", () => true],
  eruption: ["waits after an eruption of over 3 minutes (MAR)", (x) => x > 3],
  wait: ["waits of over 75 minutes (MNAR)", (x, y) => y > 75],
};
export const lost = ({ x, y, u }, rule, share) => x.map((v, i) => u[i] < share && rules[rule][1](v, y[i]));

const mean = (x) => x.reduce((a, b) => a + b, 0) / x.length;

/** Means, variances and covariance of two columns, the second with its own variance
    `unsure` in each row. */
function moments(x, y, unsure) {
  const [mx, my] = [mean(x), mean(y)];
  return {
    mx,
    my,
    sxx: mean(x.map((v) => (v - mx) ** 2)),
    syy: mean(y.map((v, i) => (v - my) ** 2 + unsure[i])),
    sxy: mean(x.map((v, i) => (v - mx) * (y[i] - my))),
  };
}

/** The mean wait, its standard deviation and the correlation, and what was filled in. */
const summary = (m, filled) => ({ mean: m.my, sd: Math.sqrt(m.syy), r: m.sxy / Math.sqrt(m.sxx * m.syy), filled, ...m });

export function drop({ x, y }, gone) {
  const kept = (all) => all.filter((_, i) => !gone[i]);
  return summary(moments(kept(x), kept(y), kept(x).map(() => 0)), y);
}

export function fillMean({ x, y }, gone) {
  const average = mean(y.filter((_, i) => !gone[i]));
  const filled = y.map((v, i) => (gone[i] ? average : v));
  return summary(moments(x, filled, x.map(() => 0)), filled);
}

/** EM for a normal in the plane: E fills a gap with its mean given the eruption, and
    remembers the variance that it leaves. */
export function em({ x, y }, gone) {
  let m = { ...drop({ x, y }, gone), mx: mean(x), sxx: moments(x, x, x).sxx, sxy: 0 };
  let filled = y;
  for (let step = 0; step < 5000; step++) {
    const slope = m.sxy / m.sxx;
    const left = m.syy - slope * m.sxy;
    filled = y.map((v, i) => (gone[i] ? m.my + slope * (x[i] - m.mx) : v));
    const next = moments(x, filled, gone.map((g) => (g ? left : 0)));
    const moved = Math.abs(next.my - m.my) + Math.abs(next.sxy - m.sxy);
    m = next;
    if (moved < 1e-11) break;
  }
  return summary(m, filled);
}

const ways = { drop: ["drop the rows", drop], mean: ["fill in the mean", fillMean], em: ["EM", em] };
const radios = (name, all, chosen) => Object.entries(all).map(([key, [text]]) => `
  <label><input type="radio" name="${name}" value="${key}" ${key === chosen ? "checked" : ""}> ${text}</label>`).join("");

export default function move(box, { share }) {
  const data = JSON.parse(box.querySelector(".mx-data").textContent);
  const none = data.x.map(() => false);
  const truth = drop(data, none);
  const row = 'role="radiogroup" style="display:flex;flex-wrap:wrap;align-items:center;gap:0 1.1em"';
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <div ${row} aria-label="Which waits are lost"><span>Lost:</span> ${radios("rule", rules, "eruption")}</div>
    <label>the share of them that is lost: <b></b>
      <input type="range" min="0" max="95" step="5" value="${100 * share}"></label>
    <div ${row} aria-label="What is done about it"><span>Then</span> ${radios("way", ways, "mean")}</div>
    <p role="status" aria-live="polite"></p>`;
  const [svg, status, slider] = ["svg", "[role=status]", "[type=range]"].map((q) => box.querySelector(q));
  const chosen = (name) => box.querySelector(`[name=${name}]:checked`).value;
  let gone, found, way;
  look();

  const again = inPixels(svg, () => 300, (width) => {
    const side = 118; // for the two means
    const X = (x) => 30 + ((x - 1.4) * (width - side - 34)) / 3.9;
    const Y = (y) => 262 - ((y - 40) * 252) / 60;
    const edge = X(5.3);
    const dot = (i, y, r, style) => `<circle cx="${X(data.x[i]).toFixed(1)}" cy="${Y(y).toFixed(1)}" r="${r}" ${style}/>`;
    const hidden = [], whole = [], filled = [];
    data.x.forEach((_, i) => {
      if (!gone[i]) whole.push(dot(i, data.y[i], 2.8, 'fill="var(--mx-1)" fill-opacity="0.85"'));
      else {
        hidden.push(dot(i, data.y[i], 2.8, 'fill="none" stroke="var(--mx-muted)" stroke-opacity="0.55"'));
        if (way !== "drop") filled.push(dot(i, found.filled[i], 2.8, 'fill="var(--mx-accent)"'));
      }
    });
    // the two labels stand apart by a line of text at least
    const gap = Y(found.mean) - Y(truth.mean);
    const apart = Math.max(0, 36 - Math.abs(gap)) / 2;
    const [lower, upper] = gap >= 0 ? [found, truth] : [truth, found];
    const spot = new Map([[lower, Y(lower.mean) + apart], [upper, Y(upper.mean) - apart]]);
    const sign = (m, name, color) => `
      <path d="M${X(1.4)} ${Y(m.mean).toFixed(1)}H${edge}L${edge + 10} ${spot.get(m).toFixed(1)}" fill="none" stroke="var(--mx-${color})" stroke-width="2" ${m === truth ? 'stroke-dasharray="5 4"' : ""}/>
      ${words(edge + 14, spot.get(m) - 3, name, { anchor: "start", color })}
      ${words(edge + 14, spot.get(m) + 13, `mean ${m.mean.toFixed(2)}`, { anchor: "start", color })}`;
    svg.innerHTML = `
      <path d="M30 10V262H${edge}" fill="none" stroke="var(--mx-ink)"/>
      ${[2, 3, 4, 5].map((v) => words(X(v), 278, v)).join("")}
      ${[40, 60, 80, 100].map((v) => words(25, Y(v) + 4, v, { anchor: "end" })).join("")}
      ${words((30 + edge) / 2, 296, "eruption, minutes")}
      ${words(36, 18, "wait for the next, minutes", { anchor: "start" })}
      ${hidden.join("")}${whole.join("")}${filled.join("")}
      ${sign(truth, "nothing lost", "ink")}${sign(found, ways[way][0], "accent")}`;
  });

  function look() {
    gone = lost(data, chosen("rule"), slider.valueAsNumber / 100);
    way = chosen("way");
    found = ways[way][1](data, gone);
  }
  function draw(announce) {
    look();
    const count = gone.filter(Boolean).length;
    slider.previousElementSibling.textContent = `${slider.value} %, ${count} waits`;
    slider.setAttribute("aria-valuetext", `${slider.value} per cent, ${count} waits`);
    again();
    if (!announce) return;
    const tell = (m) => `mean ${m.mean.toFixed(2)}, sd ${m.sd.toFixed(2)}, correlation ${minus(m.r.toFixed(3))}`;
    status.textContent = `Of ${data.x.length} waits ${count} are lost (rings). ${ways[way][0][0].toUpperCase()}${ways[way][0].slice(1)}: ${tell(found)}. Nothing lost: ${tell(truth)}.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  for (const radio of box.querySelectorAll("[type=radio]")) radio.addEventListener("change", () => draw(true));
  draw(true);
}
