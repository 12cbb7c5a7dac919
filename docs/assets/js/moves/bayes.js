// Chapter 2: drag the weight of factory A and see what each colour tells.

import { posterior } from "./marbles.js";
import { dot, pull, widthOf } from "./parts.js";
import { wide } from "./wide.js";

const TALL = 190; // of both rows together: areas are joint probabilities
const LEFT = 14; // beside the bar that shows a row's colour

export default function bayes(box, { redA, redB, p }) {
  box.innerHTML = `
    <svg preserveAspectRatio="xMidYMid" aria-hidden="true"></svg>
    <label>π = P(z = A), the share of factory A: <b data-tie="weight"></b>
      <input type="range" min="0" max="1" step="0.01" value="${p}"></label>
    <p>Each area is a joint probability: how tall its row is, times how wide its part. The four sum to 1.</p>
    <dl></dl><p class="mx-said" role="status" aria-live="polite"></p>`;
  const [slider, value, svg, list, status] = ["input", "b", "svg", "dl", "[role]"].map((s) => box.querySelector(s));

  function numbers() {
    const red = p * redA + (1 - p) * redB;
    const given = [posterior(p, redA, redB, true), posterior(p, redA, redB, false)];
    return { red, given, average: red * given[0] + (1 - red) * given[1] };
  }

  const redraw = wide(svg, (width) => {
    const { red, given, average } = numbers();
    const room = width - LEFT;
    const at = LEFT + room * average;
    const dashed = (top, tall) => `
      <path d="M${at} ${top}v${tall}" stroke="var(--mx-paper)" stroke-width="4" opacity="0.75"/>
      <path d="M${at} ${top}v${tall}" stroke="var(--mx-ink)" stroke-width="1.8" stroke-dasharray="5 3" data-tie="weight"/>`;
    // Words in a corner of an area, in one line or two, as far as they fit beside the dashed line.
    const inside = (end, x, y, wide, tall, name, number) => {
      const free = end ? Math.min(wide, LEFT + room - at) : Math.min(wide, at - LEFT);
      const [edge, anchor] = end ? [x + wide - 7, "end"] : [x + 7, "start"];
      const text = (words, down) => `<text x="${edge}" y="${y + down}" text-anchor="${anchor}" style="fill:var(--mx-paper)">${words}</text>`;
      if (free > 122 && tall > 17) return text(`${name}: ${number}`, Math.min(18, tall / 2 + 5));
      if (free > 82 && tall > 38) return text(name, 18) + text(number, 35);
      return wide > 42 && tall > 17 ? text(number, Math.min(18, tall / 2 + 5)) : "";
    };
    let y = 0, marks = "";
    for (const [colour, height, share] of [["red", red, given[0]], ["blue", 1 - red, given[1]]]) {
      const [top, tall] = [y + 21, TALL * height];
      const [ofA, ofB] = [room * share, room * (1 - share)];
      const [a, b] = [(height * share).toFixed(2), (height * (1 - share)).toFixed(2)];
      marks += `
        <text x="0" y="${y + 15}">height P(${colour}) = ${height.toFixed(2)}</text>
        <text x="${width}" y="${y + 15}" text-anchor="end" data-tie="responsibility">width of A: ${share.toFixed(2)}</text>
        <rect x="0" y="${top}" width="8" height="${tall}" fill="var(--mx-${colour})" data-tie="colour"/>
        <rect x="${LEFT}" y="${top}" width="${ofA}" height="${tall}" fill="var(--mx-1)" data-tie="responsibility label"/>
        <rect x="${LEFT + ofA}" y="${top}" width="${ofB}" height="${tall}" fill="var(--mx-2)" data-tie="label"/>
        ${dashed(top, tall + 3)}
        ${inside(false, LEFT, top, ofA, tall, `A and ${colour}`, a)}
        ${inside(true, LEFT + ofA, top, ofB, tall, `B and ${colour}`, b)}`;
      y = top + tall + 6;
    }
    const anchor = average < 0.3 ? "start" : average > 0.7 ? "end" : "middle";
    const x = average < 0.3 ? LEFT : average > 0.7 ? width : at;
    svg.innerHTML = `${marks}
      <text x="${x}" y="${y + 13}" text-anchor="${anchor}">dashed: their average, π = ${average.toFixed(2)}</text>`;
    return y + 20;
  });

  function draw(announce) {
    p = slider.valueAsNumber;
    const { red, given, average } = numbers();
    const [r, b, m] = [given[0], given[1], average].map((v) => v.toFixed(3));
    value.textContent = p.toFixed(2);
    redraw();
    list.innerHTML = `
      <dt>${dot("red")}P(A | red)</dt><dd>${r}</dd>
      <dt>${dot("blue")}P(A | blue)</dt><dd>${b}</dd>
      <dt>their average</dt><dd>${red.toFixed(3)} × ${r} + ${(1 - red).toFixed(3)} × ${b} = ${m} = π</dd>`;
    if (announce) status.textContent = `P(A given red) is ${r}, P(A given blue) is ${b}; their average is ${m}: π again.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  pull(svg, slider, (x) => (x - LEFT) / (widthOf(svg) - LEFT));
  draw(true);
}
