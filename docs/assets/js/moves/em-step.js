// Chapter 3: walk the circle of EM one half at a time, with two hundred marbles.

import { emStep, posterior } from "./marbles.js";
import { dot, pull, widthOf } from "./parts.js";
import { wide } from "./wide.js";

const MANY = 200;
const SLOWLY = "transition: stroke-dasharray .7s, stroke-opacity .7s, width .7s";

export default function emSteps(box, { redA, redB, p, xbar }) {
  box.innerHTML = `
    <svg preserveAspectRatio="xMidYMid" aria-hidden="true"></svg>
    <div>${["E-step", "M-step", "Ten steps", "Reset"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <p role="status" aria-live="polite"></p><dl></dl>
    <label>x̄, the share of red: <b></b><input type="range" min="0" max="1" step="0.01" value="${xbar}"></label>
    <label>the start of π: <b></b><input type="range" min="0.01" max="0.99" step="0.01" value="${p}"></label>`;
  const [list, svg, status] = ["dl", "svg", "[role]"].map((s) => box.querySelector(s));
  const [e, m, run, reset] = box.querySelectorAll("button");
  const sliders = box.querySelectorAll("input");
  let trail = [p], given = null, fresh = false; // fresh: the rings are those of this weight

  const limit = () => Math.min(1, Math.max(0, (xbar - redB) / (redA - redB)));
  const ofRed = () => Math.round(MANY * xbar);

  // Drawn anew for another width or share; a step only moves what is there.
  const layout = wide(svg, (width) => {
    const columns = width > 480 ? 25 : 20;
    const rows = MANY / columns;
    const pitch = width / columns;
    const step = Math.min(pitch, 21);
    const marbles = Array.from({ length: MANY }, (_, k) => {
      const colour = k < ofRed() ? "red" : "blue";
      const [x, y] = [pitch * (Math.floor(k / rows) + 0.5), 24 + step * ((k % rows) + 0.5)];
      const ring = `cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${(0.4 * step).toFixed(2)}" fill="none" stroke-width="${(0.17 * step).toFixed(2)}"`;
      return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${(0.27 * step).toFixed(2)}" fill="var(--mx-${colour})"/>
        <circle ${ring} class="b"/><circle ${ring} class="a ${colour}" pathLength="1" transform="rotate(-90 ${x.toFixed(1)} ${y.toFixed(1)})"/>`;
    });
    const top = 24 + step * rows + 28; // of the bar
    svg.innerHTML = `
      <text x="0" y="15" class="red" data-tie="red"></text><text x="${width}" y="15" text-anchor="end" class="blue"></text>
      <g data-tie="responsibility">${marbles.join("")}</g>
      <text x="0" y="${top - 7}" class="weight"></text>
      <rect x="0" y="${top}" width="${width}" height="22" fill="var(--mx-2)"/>
      <rect x="0" y="${top}" height="22" fill="var(--mx-1)" class="bar" data-tie="weight"/>
      <text x="7" y="${top + 16}" style="fill:var(--mx-paper)" class="name-a">A</text>
      <text x="${width - 7}" y="${top + 16}" text-anchor="end" style="fill:var(--mx-paper)" class="name-b">B</text>
      <rect x="0" y="${top + 22}" height="6" fill="var(--mx-red)" class="from-red"/>
      <rect y="${top + 22}" height="6" fill="var(--mx-blue)" class="from-blue"/>
      <path d="M${Math.min(Math.max(width * limit(), 1), width - 1)} ${top - 4}V${top + 44}" stroke="var(--mx-ink)" stroke-width="1.5" stroke-dasharray="4 3"/>
      <g class="trail" transform="translate(0 ${top + 37})"></g>
      <text x="${limit() > 0.5 ? width : 0}" y="${top + 60}" text-anchor="${limit() > 0.5 ? "end" : "start"}">dashed: the answer, ${+limit().toFixed(3)}; dots: π so far</text>
      <text x="0" y="${top + 80}" class="sum"></text>`;
    for (const mark of svg.querySelectorAll(".a, .b, .bar, .from-red, .from-blue")) mark.style = SLOWLY;
    show(width);
    return top + 86;
  });

  function show(width = svg.viewBox.baseVal.width) {
    const [r, b] = given ?? [0, 0];
    const find = (name) => svg.querySelector(`.${name}`);
    const share = (name, part, mine) => (part ? `${name}: ${Math.round(100 * part)} %${given ? `, r = ${mine.toFixed(3)}` : ""}` : "");
    find("red").textContent = share("red", xbar, r);
    find("blue").textContent = share("blue", 1 - xbar, b);
    for (const ring of svg.querySelectorAll(".a, .b")) {
      const ofA = ring.classList.contains("a");
      ring.setAttribute("stroke", `var(--mx-${given ? (ofA ? 1 : 2) : "rule"})`);
      ring.style.strokeOpacity = given && !fresh ? 0.4 : 1;
      if (ofA) ring.style.strokeDasharray = given ? `${ring.classList.contains("red") ? r : b} 1` : "0 1";
    }
    const [fromRed, fromBlue] = [xbar * r, (1 - xbar) * b];
    find("bar").style.width = `${width * trail.at(-1)}px`;
    find("name-a").style.opacity = Number(width * trail.at(-1) > 24);
    find("name-b").style.opacity = Number(width * (1 - trail.at(-1)) > 24);
    find("from-red").style.width = `${width * fromRed}px`;
    find("from-blue").style.width = `${width * fromBlue}px`;
    find("from-blue").setAttribute("x", width * fromRed);
    find("weight").textContent = `the weight of A: π = ${trail.at(-1).toFixed(4)}`;
    find("sum").textContent = given
      ? `average: ${xbar.toFixed(2)} × ${r.toFixed(3)} + ${(1 - xbar).toFixed(2)} × ${b.toFixed(3)} = ${(fromRed + fromBlue).toFixed(3)}` : "";
    find("trail").innerHTML = trail
      .map((value, k) => `<circle cx="${width * value}" r="${k === trail.length - 1 ? 4.5 : 3}" fill="var(--mx-1)"/>`).join("");
  }

  function tell(message) {
    const [red, blue] = given ? given.map((v) => v.toFixed(6)) : ["–", "–"];
    e.ariaDisabled = String(fresh);
    m.ariaDisabled = String(!fresh);
    list.innerHTML = `
      <dt>${dot("red")}P(A | red)</dt><dd>${red}</dd>
      <dt>${dot("blue")}P(A | blue)</dt><dd>${blue}</dd>
      <dt>π after ${trail.length - 1} step${trail.length === 2 ? "" : "s"}</dt><dd>${trail.at(-1).toFixed(6)}</dd>`;
    status.textContent = message;
    show();
  }

  const look = () => [true, false].map((red) => posterior(trail.at(-1), redA, redB, red));
  const steps = {
    start() {
      [xbar, p] = Array.from(sliders, (slider) => slider.valueAsNumber);
      for (const slider of sliders) slider.previousElementSibling.textContent = slider.valueAsNumber.toFixed(2);
      [trail, given, fresh] = [[p], null, false];
      layout();
      tell(`π starts at ${p}. Press E-step: each ring becomes green as far as its marble is A's.`);
    },
    e() {
      if (fresh) return;
      [given, fresh] = [look(), true];
      tell(`E-step: a red marble is from A with probability ${given[0].toFixed(6)}, a blue one ${given[1].toFixed(6)}. Press M-step: their average becomes the weight.`);
    },
    m() {
      if (!fresh) return;
      trail.push(emStep(trail.at(-1), xbar, redA, redB));
      fresh = false;
      tell(`M-step: the average responsibility, the new π, is ${trail.at(-1).toFixed(6)}.`);
    },
    run() {
      for (let k = 0; k < 10; k++) {
        given = look();
        trail.push(emStep(trail.at(-1), xbar, redA, redB));
      }
      fresh = false;
      tell(`After ${trail.length - 1} steps π is ${trail.at(-1).toFixed(6)}; the limit is ${+limit().toFixed(6)}.`);
    },
  };
  e.onclick = steps.e;
  m.onclick = steps.m;
  run.onclick = steps.run;
  reset.onclick = steps.start;
  for (const slider of sliders) slider.addEventListener("input", steps.start);
  const bar = () => svg.querySelector(".bar").y.baseVal.value;
  pull(svg, sliders[1], (x) => x / widthOf(svg), (x, y) => y > bar() - 24 && y < bar() + 48, "the bar");
  steps.start();
}
