// The things that move: where scripts run, one replaces the still content of
// <div class="mx-move" data-move="bayes" ...>.

/** P(A | colour) by Bayes' rule: prior p, P(red | A) = a, P(red | B) = b. */
export function posterior(p, a, b, red) {
  const fromA = p * (red ? a : 1 - a);
  const fromB = (1 - p) * (red ? b : 1 - b);
  return fromA / (fromA + fromB);
}

/** One EM step: the average responsibility of A where a share xbar is red. */
export function emStep(p, xbar, a, b) {
  return xbar * posterior(p, a, b, true) + (1 - xbar) * posterior(p, a, b, false);
}

const dot = (name, square = "") =>
  `<span class="mx-swatch ${square && "mx-swatch--square"}" style="background:var(--mx-${name})"></span>`;

function bayes(box, { redA, redB, p }) {
  box.innerHTML = `
    <label>π = P(z = A), the share of factory A: <b></b>
      <input type="range" min="0" max="1" step="0.01" value="${p}"></label>
    <p>${dot(1, "square")}made by A &emsp;${dot(2, "square")}made by B</p>
    <svg viewBox="0 0 100 36" height="140" preserveAspectRatio="none" aria-hidden="true"></svg>
    <dl></dl><p class="mx-said" role="status" aria-live="polite"></p>`;
  const [slider, value, svg, list, status] = ["input", "b", "svg", "dl", "[role]"].map((s) => box.querySelector(s));

  function draw(announce) {
    const prior = slider.valueAsNumber;
    const red = prior * redA + (1 - prior) * redB;
    const given = [posterior(prior, redA, redB, true), posterior(prior, redA, redB, false)];
    const average = red * given[0] + (1 - red) * given[1];
    const [r, b, m] = [given[0], given[1], average].map((v) => v.toFixed(3));
    // As tall as its colour is common: areas are joint probabilities.
    const row = (y, height, share, colour) => `
      <rect x="0" y="${y}" width="3" height="${height}" fill="var(--mx-${colour})"/>
      <rect x="4" y="${y}" width="${96 * share}" height="${height}" fill="var(--mx-1)"/>
      <rect x="${4 + 96 * share}" y="${y}" width="${96 * (1 - share)}" height="${height}" fill="var(--mx-2)"/>`;
    svg.innerHTML = row(0, 35 * red, given[0], "red") + row(35 * red + 1, 35 * (1 - red), given[1], "blue") +
      `<path d="M${4 + 96 * average} 0V36" stroke="var(--mx-paper)" stroke-width="2" stroke-dasharray="4 3" vector-effect="non-scaling-stroke"/>`;
    value.textContent = prior.toFixed(2);
    list.innerHTML = `
      <dt>${dot("red")}P(A | red)</dt><dd>${r}</dd>
      <dt>${dot("blue")}P(A | blue)</dt><dd>${b}</dd>
      <dt>their average</dt><dd>${red.toFixed(3)} × ${r} + ${(1 - red).toFixed(3)} × ${b} = ${m} = π</dd>`;
    if (announce) status.textContent = `P(A given red) is ${r}, P(A given blue) is ${b}; their average is ${m}: π again.`;
  }
  slider.addEventListener("input", () => draw(false));
  slider.addEventListener("change", () => draw(true));
  draw(true);
}

function emSteps(box, { redA, redB, p, xbar }) {
  const limit = Math.min(1, Math.max(0, (xbar - redB) / (redA - redB)));
  box.innerHTML = `
    <div>${["E-step", "M-step", "Run 10", "Reset"].map((name) => `<button type="button">${name}</button>`).join("")}</div>
    <dl></dl><svg viewBox="0 0 340 150" aria-hidden="true"></svg><p role="status" aria-live="polite"></p>`;
  const [list, svg, status] = ["dl", "svg", "[role]"].map((s) => box.querySelector(s));
  const [e, m, run, reset] = box.querySelectorAll("button");
  let trail, given;

  function draw(message) {
    const now = trail.at(-1).toFixed(6);
    const [red, blue] = given ? given.map((v) => v.toFixed(6)) : ["–", "–"];
    e.ariaDisabled = String(!!given);
    m.ariaDisabled = String(!given);
    list.innerHTML = `
      <dt>${dot("red")}P(A | red)</dt><dd>${red}</dd>
      <dt>${dot("blue")}P(A | blue)</dt><dd>${blue}</dd>
      <dt>π after ${trail.length - 1} steps</dt><dd>${now}</dd>`;
    const low = Math.min(p, limit), high = Math.max(p, limit);
    const x = (step) => 48 + (280 * step) / Math.max(10, trail.length - 1);
    const y = (value) => 14 + (104 * (high - value)) / (high - low || 1);
    svg.innerHTML = `
      <path d="M48 4V130H332" fill="none" stroke="var(--mx-ink)"/>
      <path d="M48 ${y(limit)}H332" stroke="var(--mx-muted)" stroke-dasharray="4 3"/>
      <text x="42" y="${y(p) + 4}" text-anchor="end">${p}</text>
      <text x="42" y="${y(limit) + 4}" text-anchor="end">${+limit.toFixed(3)}</text>
      <text x="332" y="146" text-anchor="end">step ${Math.max(10, trail.length - 1)}</text><text x="48" y="146">0</text>
      ${trail.map((v, k) => `<circle cx="${x(k)}" cy="${y(v)}" r="3.5" fill="var(--mx-1)"/>`).join("")}`;
    status.textContent = message;
  }

  const steps = {
    start() {
      [trail, given] = [[p], null];
      draw(`A share ${xbar} of the marbles is red. π starts at ${p}; press E-step.`);
    },
    e() {
      if (given) return;
      given = [true, false].map((red) => posterior(trail.at(-1), redA, redB, red));
      draw(`E-step: a red marble is from A with probability ${given[0].toFixed(6)}, a blue one ${given[1].toFixed(6)}.`);
    },
    m() {
      if (!given) return;
      trail.push(emStep(trail.at(-1), xbar, redA, redB));
      given = null;
      draw(`M-step: the average responsibility, the new π, is ${trail.at(-1).toFixed(6)}.`);
    },
    run() {
      for (let k = 0; k < 10; k++) trail.push(emStep(trail.at(-1), xbar, redA, redB));
      given = null;
      draw(`After ${trail.length - 1} steps π is ${trail.at(-1).toFixed(6)}; the limit is ${+limit.toFixed(6)}.`);
    },
  };
  e.onclick = steps.e;
  m.onclick = steps.m;
  run.onclick = steps.run;
  reset.onclick = steps.start;
  steps.start();
}

const moves = { bayes, "em-step": emSteps };

function start() {
  for (const box of document.querySelectorAll(".mx-move:not([data-live])")) {
    const { move, redA, redB, p, xbar } = box.dataset;
    box.dataset.live = "";
    moves[move]?.(box, { redA: +redA, redB: +redB, p: +p, xbar: +xbar });
  }
}

if (globalThis.document$) document$.subscribe(start);
else globalThis.document && start();
