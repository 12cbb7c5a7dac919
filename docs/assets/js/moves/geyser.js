// EM on the eruptions of Old Faithful. The page brings the points and a run of EM, as
// the package computed them: { names, x, run: [{ weights, means, covs, fit }, ...] }.
// The reader goes through its steps, or puts the two centres elsewhere; that run is
// computed here, by the same arithmetic.

import { minus } from "./parts.js";
import { scale } from "./picture.js";

const LEVEL = Math.sqrt(-2 * Math.log(0.1)); // of the ellipse that holds nine tenths
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const MOST = 60; // steps of the reader's own run
const NEAR = 5e-3; // a gain below which it has arrived

/** The logarithms of weight times density of two normals, at a point. */
function logJoint({ weights, means, covs }, [x, y]) {
  return weights.map((weight, k) => {
    const [a, b, c] = covs[k];
    const det = a * c - b * b;
    const [u, v] = [x - means[k][0], y - means[k][1]];
    return Math.log(weight) - Math.log(2 * Math.PI) - Math.log(det) / 2 - (c * u * u - 2 * b * u * v + a * v * v) / (2 * det);
  });
}

/** The responsibility of the first component for each point, and the log-likelihood. */
export function eStep(mixture, x) {
  let fit = 0;
  const shares = x.map((point) => {
    const [one, two] = logJoint(mixture, point);
    const most = Math.max(one, two);
    const sum = most + Math.log(Math.exp(one - most) + Math.exp(two - most));
    fit += sum;
    return Math.exp(one - sum);
  });
  return { shares, fit };
}

/** Weights, means and covariances, each point counted by its responsibility. */
export function mStep(shares, x) {
  const found = { weights: [], means: [], covs: [] };
  for (const of of [(r) => r, (r) => 1 - r]) {
    const total = shares.reduce((sum, r) => sum + of(r), 0);
    const average = (f) => x.reduce((sum, point, i) => sum + of(shares[i]) * f(point), 0) / total;
    const mean = [average((p) => p[0]), average((p) => p[1])];
    found.weights.push(total / x.length);
    found.means.push(mean);
    found.covs.push([
      average((p) => (p[0] - mean[0]) ** 2),
      average((p) => (p[0] - mean[0]) * (p[1] - mean[1])),
      average((p) => (p[1] - mean[1]) ** 2),
    ]);
  }
  return found;
}

/** A run from a start until a step gains next to nothing. */
export function climb(start, x) {
  const run = [];
  let current = start;
  for (let step = 0; step <= MOST; step++) {
    const { shares, fit } = eStep(current, x);
    run.push({ ...current, fit });
    if (!Number.isFinite(fit) || (step > 1 && fit - run.at(-2).fit < NEAR)) break;
    current = mStep(shares, x);
  }
  return run;
}

function between(one, two, t) {
  const mix = (a, b) => (Array.isArray(a) ? a.map((each, k) => mix(each, b[k])) : a + t * (b - a));
  return { weights: mix(one.weights, two.weights), means: mix(one.means, two.means), covs: mix(one.covs, two.covs) };
}

export default function geyser(box) {
  const { names, x, run: given } = JSON.parse(box.querySelector(".mx-data").textContent);
  box.innerHTML = `
    <div class="mx-geyser">
      <svg role="img" aria-label="The eruptions as points, tinted by the component that is responsible for them, and an ellipse for each component."></svg>
      <div class="mx-geyser__controls">
        <label>EM step <b></b><input type="range" min="0" step="1" value="0"></label>
        <div><button type="button">Step</button><button type="button">Run</button><button type="button">Another start</button><button type="button">The page's run</button></div>
      </div>
      <svg aria-hidden="true"></svg>
    </div>
    <p role="status" aria-live="polite"></p>`;
  const [plane, chart] = box.querySelectorAll("svg");
  const [slider, label, status] = ["input", "label b", "[role=status]"].map((each) => box.querySelector(each));
  const [next, play, other, back] = box.querySelectorAll("button");
  const ranges = [0, 1].map((k) => {
    const all = x.map((point) => point[k]);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    return [low - 0.12 * (high - low), high + 0.12 * (high - low)];
  });
  let run = given, at = 0, shown = given[0], wide, playing, seed = 1, frame;
  const size = {};

  const px = (value) => size.left + ((value - ranges[0][0]) / (ranges[0][1] - ranges[0][0])) * (size.width - size.left - 8);
  const py = (value) => size.height - 40 - ((value - ranges[1][0]) / (ranges[1][1] - ranges[1][0])) * (size.height - 50);

  function ellipse([mx, my], [a, b, c]) {
    const l = Math.sqrt(a), m = b / l, n = Math.sqrt(Math.max(c - m * m, 0));
    const points = Array.from({ length: 61 }, (_, k) => {
      const [u, v] = [LEVEL * Math.cos((k * Math.PI) / 30), LEVEL * Math.sin((k * Math.PI) / 30)];
      return `${px(mx + l * u).toFixed(1)} ${py(my + m * u + n * v).toFixed(1)}`;
    });
    return `M${points.join("L")}Z`;
  }

  function drawPlane() {
    const { shares } = eStep(shown, x);
    const tint = (r) => `color-mix(in oklab, var(--mx-1) ${(100 * r).toFixed(1)}%, var(--mx-2))`;
    const dots = x.map((point, i) => `<circle cx="${px(point[0]).toFixed(1)}" cy="${py(point[1]).toFixed(1)}" r="3.2" fill="${tint(shares[i])}" fill-opacity="0.75"/>`);
    const ticks = (k, values) => values.filter((value) => value > ranges[k][0] && value < ranges[k][1]);
    plane.innerHTML = `
      <path d="M${size.left} 8V${size.height - 40}H${size.width - 8}" fill="none" stroke="var(--mx-ink)"/>
      ${ticks(0, [2, 3, 4, 5]).map((v) => `<text x="${px(v)}" y="${size.height - 24}" text-anchor="middle">${v}</text>`).join("")}
      ${ticks(1, [40, 60, 80, 100]).map((v) => `<text x="${size.left - 6}" y="${py(v) + 4}" text-anchor="end">${v}</text>`).join("")}
      <text x="${(size.left + size.width) / 2}" y="${size.height - 6}" text-anchor="middle">${names[0]}</text>
      <text transform="translate(13 ${(size.height - 40) / 2}) rotate(-90)" text-anchor="middle">${names[1]}</text>
      ${dots.join("")}
      <clipPath id="mx-plane"><path d="M${size.left} 2H${size.width}V${size.height - 40}H${size.left}Z"/></clipPath>
      ${shown.means.map((mean, k) => `
        <path clip-path="url(#mx-plane)" d="${ellipse(mean, shown.covs[k])}" fill="var(--mx-${k + 1})" fill-opacity="0.08" stroke="var(--mx-${k + 1})" stroke-width="2.2" data-tie="covariance"/>
        <g class="mx-hold" data-k="${k}" data-tie="mean"><circle cx="${px(mean[0])}" cy="${py(mean[1])}" r="22" fill="transparent"/><circle cx="${px(mean[0])}" cy="${py(mean[1])}" r="7" fill="var(--mx-${k + 1})" stroke="var(--mx-paper)" stroke-width="2"/></g>`).join("")}
      ${shown.means.map(([mx, my], k) => {
        // Where the centres are near each other, the label of the left one is on its left.
        const [ox, oy] = shown.means[1 - k];
        const near = Math.abs(px(mx) - px(ox)) < 80 && Math.abs(py(my) - py(oy)) < 20;
        const left = near && (mx < ox || (mx === ox && k === 0));
        return `<text class="mx-halo" x="${px(mx) + (left ? -11 : 11)}" y="${py(my) - 9}" text-anchor="${left ? "end" : "start"}">${"AB"[k]} ${(100 * shown.weights[k]).toFixed(0)} %</text>`;
      }).join("")}`;
  }

  function drawChart() {
    const { chartWidth: w, chartHeight: h } = size;
    const fits = run.map((each) => each.fit);
    const top = Math.max(...fits), low = run.length > 2 ? Math.min(...fits.slice(1)) : Math.min(...fits);
    const bottom = low - 0.12 * (top - low || 1);
    const cx = (k) => 12 + (k / Math.max(1, run.length - 1)) * (w - 24);
    const cy = (value) => 26 + ((top - Math.max(value, bottom)) / (top - bottom || 1)) * (h - 66);
    chart.innerHTML = `
      <path d="M6 18V${h - 34}H${w - 4}" fill="none" stroke="var(--mx-ink)"/>
      <text x="12" y="14">log-likelihood</text><text x="${w - 4}" y="${h - 18}" text-anchor="end">step ${run.length - 1}</text><text x="6" y="${h - 18}">0</text>
      <path d="M${fits.map((value, k) => `${cx(k).toFixed(1)} ${cy(value).toFixed(1)}`).join("L")}" fill="none" stroke="var(--mx-rule)" stroke-width="2"/>
      <path d="M${fits.slice(0, at + 1).map((value, k) => `${cx(k).toFixed(1)} ${cy(value).toFixed(1)}`).join("L")}" fill="none" stroke="var(--mx-ink)" stroke-width="2"/>
      <circle cx="${cx(at)}" cy="${cy(fits[at])}" r="5" fill="var(--mx-ink)"/>
      <text class="mx-halo" x="${cx(at) + (cx(at) > w / 2 ? -4 : 10)}" y="${cx(at) > w / 2 ? cy(fits[at]) + 24 : Math.min(cy(fits[at]) + 4, h - 40)}" text-anchor="${cx(at) > w / 2 ? "end" : "start"}">${minus(fits[at].toFixed(1))}</text>`;
  }

  function tell() {
    label.textContent = `${at} of ${run.length - 1}`;
    slider.max = run.length - 1;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `step ${at}, log-likelihood ${minus(run[at].fit.toFixed(1))}`);
    next.ariaDisabled = String(at === run.length - 1);
    back.hidden = run === given;
    play.textContent = playing ? "Pause" : "Run";
    const gain = at ? run[at].fit - run[at - 1].fit : 0;
    const last = at === run.length - 1;
    status.textContent = at === 0
      ? "The start: two ellipses, put there without a look at the points. Each point is tinted by the one that explains it better. Step, or drag the centres A and B."
      : `Step ${at}: weights, centres and ellipses are those of the tinted points, and the log-likelihood rose by ${gain < 0.005 ? "less than 0.01" : gain.toFixed(2)}.${last ? " Nothing is left to gain here." : ""}`;
  }

  function go(step, slowly = true) {
    const from = shown, to = run[step];
    at = step;
    cancelAnimationFrame(frame);
    tell();
    drawChart();
    if (!slowly || STILL.matches) {
      shown = to;
      drawPlane();
      return;
    }
    const began = performance.now();
    const move = (now) => {
      const t = Math.min(1, (now - began) / 350);
      shown = t < 1 ? between(from, to, t * t * (3 - 2 * t)) : to;
      drawPlane();
      if (t < 1) frame = requestAnimationFrame(move);
    };
    frame = requestAnimationFrame(move);
  }

  function pause() {
    clearInterval(playing);
    playing = undefined;
  }

  function from(means, slowly) {
    pause();
    run = climb({ weights: [0.5, 0.5], means, covs: given[0].covs }, x);
    go(0, slowly);
  }

  next.onclick = () => (pause(), at < run.length - 1 && go(at + 1));
  slider.oninput = () => (pause(), go(+slider.value));
  play.onclick = () => {
    if (playing) return pause(), tell();
    if (at === run.length - 1) go(0);
    playing = setInterval(() => {
      if (!box.isConnected) return pause();
      if (at === run.length - 1) return pause(), tell();
      go(at + 1);
    }, 600);
    tell();
  };
  other.onclick = () => {
    const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    from([0, 1].map(() => ranges.map(([low, high]) => low + (0.15 + 0.7 * chance()) * (high - low))), true);
  };
  back.onclick = () => (pause(), (run = given), go(0));

  plane.addEventListener("pointerdown", (event) => {
    const held = event.target.closest(".mx-hold");
    if (!held) return;
    event.preventDefault();
    plane.setPointerCapture(event.pointerId);
    pause();
    const k = +held.dataset.k;
    const moved = ({ clientX, clientY }) => {
      const place = plane.getBoundingClientRect();
      const inside = (value, [low, high]) => Math.min(high, Math.max(low, value));
      const means = shown.means.map((mean) => [...mean]);
      means[k] = [
        inside(ranges[0][0] + (((clientX - place.left) / scale(drawing) - size.left) / (size.width - size.left - 8)) * (ranges[0][1] - ranges[0][0]), ranges[0]),
        inside(ranges[1][0] + ((size.height - 40 - (clientY - place.top) / scale(drawing)) / (size.height - 50)) * (ranges[1][1] - ranges[1][0]), ranges[1]),
      ];
      from(means, false);
    };
    const end = () => plane.removeEventListener("pointermove", moved);
    plane.addEventListener("pointermove", moved);
    plane.addEventListener("pointerup", end, { once: true });
    plane.addEventListener("pointercancel", end, { once: true });
  });

  function fitTo(width) {
    if (!width || width === wide) return;
    wide = width;
    const side = width >= 470;
    size.width = side ? Math.round(0.62 * width) : width;
    size.height = side ? Math.round(Math.min(350, 0.5 * width)) : Math.round(Math.min(290, 0.74 * width));
    size.left = 48;
    size.chartWidth = side ? width - size.width - 16 : width;
    size.chartHeight = side ? size.height : 120;
    plane.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    chart.setAttribute("viewBox", `0 0 ${size.chartWidth} ${size.chartHeight}`);
    plane.style.width = `${size.width * scale(drawing)}px`;
    chart.style.width = `${size.chartWidth * scale(drawing)}px`;
    drawPlane();
    drawChart();
  }

  const drawing = box.querySelector(".mx-geyser");
  const room = () => Math.floor(drawing.clientWidth / scale(drawing));
  fitTo(room() || 340);
  new ResizeObserver(() => fitTo(room())).observe(drawing);
  tell();
}
