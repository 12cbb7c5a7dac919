// Chapter 16: dots of fog that flow back in time along the score of a blurred mixture,
// to a ring, to a banana, or to the forty dots of a training set.

import { dot, minus, pull, widthOf } from "./parts.js";
import { inPixels, words } from "./picture.js";

const DOTS = 260, MARKED = 3, STEPS = 60;

/** The times of the flow, from the fog to the data, in steps that shrink. */
export const times = Array.from({ length: STEPS + 1 }, (_, k) => 4 * (1 - k / STEPS) ** 3);

/** Responsibilities of the centres for x at time t, and the variance of a component. */
function look([x, y], t, { centres, sd }) {
  const a = Math.exp(-t);
  const variance = a * a * sd * sd + 1 - a * a;
  const logs = centres.map(([p, q]) => -((x - a * p) ** 2 + (y - a * q) ** 2) / (2 * variance));
  const top = Math.max(...logs);
  const bells = logs.map((log) => Math.exp(log - top));
  const sum = bells.reduce((u, v) => u + v, 0);
  const mean = [0, 1].map((side) => a * centres.reduce((m, c, k) => m + (bells[k] / sum) * c[side], 0));
  return { a, variance, mean };
}

/** The gradient of log p_t at x, for centres of equal weight. */
export function score(x, t, model) {
  const { mean, variance } = look(x, t, model);
  return [0, 1].map((side) => (mean[side] - x[side]) / variance);
}

/** The posterior mean of x_0, given x at time t: Tweedie's formula. */
export function guess(x, t, model) {
  if (t === 0) return x;
  const a = Math.exp(-t);
  const s = score(x, t, model);
  return [0, 1].map((side) => (x[side] + (1 - a * a) * s[side]) / a);
}

/** One step of the flow, by the velocities at both of its ends. */
export function back(x, t, then, model) {
  const velocity = (at, time) => score(at, time, model).map((v, side) => at[side] + v);
  if (then === 0 && model.sd === 0) return guess(x, t, model); // the score has no end there
  const v = velocity(x, t);
  const w = velocity(x.map((u, side) => u + (t - then) * v[side]), then);
  return x.map((u, side) => u + ((t - then) / 2) * (v[side] + w[side]));
}

function generator(a) { // mulberry32
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function normals(n, random) {
  return Array.from({ length: n }, () => {
    const [r, angle] = [Math.sqrt(-2 * Math.log(1 - random())), 2 * Math.PI * random()];
    return [r * Math.cos(angle), r * Math.sin(angle)];
  });
}

/** The targets: a name, centres, and their standard deviation. */
export function targets(sd) {
  const each = Array.from({ length: 24 }, (_, k) => k);
  const ring = each.map((k) => [2 * Math.cos((k * Math.PI) / 12), 2 * Math.sin((k * Math.PI) / 12)]);
  const banana = each.map((k) => -2 + (4 * k) / 23).map((u) => [u, 0.8 * u * u - 1.2]);
  const random = generator(5);
  const few = normals(40, random).map(([p, q]) => {
    const [x, y] = ring[Math.floor(24 * random())];
    return [x + sd * p, y + sd * q];
  });
  return {
    Ring: { centres: ring, sd }, Banana: { centres: banana, sd }, Needles: { centres: few, sd: 0 },
  };
}

const SAID = { Ring: "a ring", Banana: "a banana", Needles: "40 dots, which are all the data" };

export default function diffusion(box, { sd }) {
  const models = targets(sd);
  const names = Object.keys(models);
  box.innerHTML = `
    <svg aria-hidden="true"></svg>
    <p>${dot(1)}${dot(2)}dots, by their half of the fog &emsp;${dot("ink")}one of them, with its path &emsp;◇&nbsp;what it was, on average</p>
    <label>t, the time: <b></b><input type="range" min="0" max="${STEPS}" step="1" value="${STEPS / 3}"></label>
    <div>${["Run back", ...names].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <dl></dl><p role="status" aria-live="polite"></p>`;
  const [svg, list, status, place, slider] = ["svg", "dl", "[role]", "b", "input"].map((q) => box.querySelector(q));
  const [run, ...choices] = box.querySelectorAll("button");
  const fog = normals(DOTS, generator(11));
  let name, model, paths, playing = 0;

  const index = () => STEPS - slider.valueAsNumber; // the slider goes with the time
  const pair = ([x, y]) => minus(`(${x.toFixed(2)}, ${y.toFixed(2)})`);

  const tall = (width) => Math.min(width, 330);
  const draw = inPixels(svg, tall, (width) => {
    if (!paths) return;
    const height = tall(width) - 22; // words stand below
    const unit = height / 6.2;
    const XY = ([x, y]) => [width / 2 + unit * x, height / 2 - unit * y];
    const [k, t] = [index(), times[index()]];
    const arrows = [];
    const step = 33;
    for (let x = (width % step) / 2 + step / 2; x < width; x += step) {
      for (let y = (height % step) / 2 + step / 2; y < height; y += step) {
        const place = [(x - width / 2) / unit, (height / 2 - y) / unit];
        const [p, q] = score(place, Math.max(t, 1e-3), model);
        const size = Math.hypot(p, q) || 1;
        const length = (24 * size) / (size + 2);
        const [u, v] = [(length * p) / size, (-length * q) / size];
        arrows.push(`M${x.toFixed(1)} ${y.toFixed(1)}l${u.toFixed(1)} ${v.toFixed(1)}l${(-0.3 * u - 0.2 * v).toFixed(1)} ${(-0.3 * v + 0.2 * u).toFixed(1)}m${(0.4 * v).toFixed(1)} ${(-0.4 * u).toFixed(1)}l${(0.3 * u - 0.2 * v).toFixed(1)} ${(0.3 * v + 0.2 * u).toFixed(1)}`);
      }
    }
    const round = (at) => XY(at).map((v) => v.toFixed(1));
    const spots = paths.map((path, j) => {
      const [x, y] = round(path[k]);
      return `<circle cx="${x}" cy="${y}" r="2.6" fill="var(--mx-${fog[j][1] > 0 ? 1 : 2})"/>`;
    });
    const [mx, my] = round(paths[MARKED][k]);
    const [gx, gy] = round(guess(paths[MARKED][k], t, model));
    const trail = paths[MARKED].slice(0, k + 1).map((at) => round(at).join(" ")).join("L");
    svg.innerHTML = `
      <path d="${arrows.join("")}" fill="none" stroke="var(--mx-muted)" stroke-opacity="0.55" data-tie="score" class="arrows"/>
      <g class="dots">${spots.join("")}</g>
      <path d="M${trail}" fill="none" stroke="var(--mx-ink)" stroke-width="1.5"/>
      <path d="M${mx} ${my}L${gx} ${gy}" stroke="var(--mx-ink)" stroke-dasharray="3 3"/>
      <circle cx="${mx}" cy="${my}" r="5" fill="var(--mx-ink)"/>
      <path d="M${gx} ${gy}m0 -6l6 6l-6 6l-6 -6z" fill="var(--mx-paper)" stroke="var(--mx-ink)" stroke-width="2"/>
      ${words(6, height + 17, `t = ${t.toFixed(t < 0.1 ? 3 : 2)}`, { anchor: "start", tie: "time" })}
      ${words(width - 6, height + 17, "arrows: the score", { anchor: "end", color: "muted" })}`;
  });

  function show(announce) {
    const t = times[index()];
    const a = Math.exp(-t);
    const at = paths[MARKED][index()];
    const told = t.toFixed(3);
    place.textContent = told;
    slider.setAttribute("aria-valuetext", told);
    list.innerHTML = `
      <dt>a, left of the data</dt><dd>${a.toFixed(4)}</dd>
      <dt>s, sd of the noise</dt><dd>${Math.sqrt(1 - a * a).toFixed(4)}</dd>
      <dt>${dot("ink")}the marked dot</dt><dd>${pair(at)}</dd>
      <dt>◇ what it was</dt><dd>${pair(guess(at, t, model))}</dd>`;
    if (announce) {
      const where = t === 4 ? "fog" : t === 0 ? SAID[name] : `on the way from fog to ${SAID[name]}`;
      status.textContent = `Time ${told}: ${where}. The marked dot is at ${pair(at)}; what it was, on average, is ${pair(guess(at, t, model))}.`;
    }
    draw();
  }
  function choose(chosen) {
    [name, model] = [chosen, models[chosen]];
    for (const button of choices) {
      const pressed = button.textContent === chosen;
      button.ariaPressed = String(pressed);
      button.style.boxShadow = pressed ? "inset 0 -3px var(--mx-accent)" : "";
    }
    paths = fog.map((start) => {
      const path = [start];
      for (let k = 0; k < STEPS; k++) path.push(back(path[k], times[k], times[k + 1], model));
      return path;
    });
    show(true);
  }
  const stop = () => {
    clearTimeout(playing);
    playing = 0;
  };
  function play() {
    slider.value = slider.valueAsNumber - 1;
    const ended = slider.valueAsNumber === 0;
    show(ended);
    playing = ended || !box.isConnected ? 0 : setTimeout(play, 60);
  }
  run.onclick = () => {
    stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      slider.value = 0; // at once
      show(true);
      return;
    }
    slider.value = STEPS;
    status.textContent = "Running back.";
    show(false);
    playing = setTimeout(play, 60);
  };
  for (const button of choices) {
    button.onclick = () => {
      stop();
      choose(button.textContent);
    };
  }
  slider.addEventListener("input", () => {
    stop();
    show(false);
  });
  slider.addEventListener("change", () => show(true));
  pull(svg, slider, (x) => (STEPS * x) / widthOf(svg));
  choose(names[0]);
}
