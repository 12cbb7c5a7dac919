// Run, Edit, Reset and Stop under each Python block. Nothing is fetched before the
// first Run or Edit; Python lives in a worker and survives instant navigation.
const here = new URL("./", import.meta.url);
const cells = new WeakMap(); // element of a block -> its Cell
let python; // the worker, from the first Run on
let running; // the Cell whose run is under way
let runs = 0; // numbers the runs
const waiting = []; // Cells whose turn comes
const GRACE = 1500; // ms that a stop may take before the worker is ended

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

// A block can say anything in the worker's name: of what it calls a drawing, shapes
// alone come into the page, and nothing that goes elsewhere by itself or by a click.
const SHAPES = "http://www.w3.org/2000/svg";
const OTHER = "a, script, foreignObject, style, animate, set, iframe";

function drawing(svg) {
  const inert = new DOMParser().parseFromString(svg, "text/html");
  const root = inert.body.firstElementChild;
  if (root?.namespaceURI !== SHAPES) return null;
  for (const element of root.querySelectorAll("*")) {
    if (element.namespaceURI !== SHAPES || element.matches(OTHER)) element.remove();
  }
  return document.importNode(root, true);
}

class Cell {
  constructor(box, index, action = "Run") {
    this.box = box;
    this.index = index; // its place in the chain
    this.action = action;
    this.pre = box.querySelector("pre");
    this.code = this.pre.querySelector("code");
    this.original = this.code.textContent.replace(/\n+$/, "");
    this.text = this.original;
    this.ran = null; // what a run printed and drew
    this.bar = make("div", { class: "livefence-bar", role: "group", "aria-label": `${action} this block` });
    this.buttons = {};
    for (const name of ["Run", "Edit", "Reset", "Stop"]) {
      const label = name === "Run" ? action : name;
      const button = make("button", { type: "button", class: "livefence-button" }, label);
      button.addEventListener("click", () => this[name.toLowerCase()]());
      this.buttons[name] = button;
      this.bar.append(button);
    }
    this.status = make("span", { class: "livefence-status", role: "status" });
    this.progress = make("progress", { class: "livefence-progress", "aria-label": "Loading", hidden: "" });
    this.bar.append(this.status, this.progress);
    box.append(this.bar);
    this.show();
  }

  /** The block and those that it continues, in order. */
  get chain() {
    const scope = this.box.closest("article") ?? document;
    const all = scope.querySelectorAll(`.livefence[data-chain="${this.box.dataset.chain}"]`);
    return [...all].map((box) => cells.get(box)).slice(0, this.index + 1);
  }

  /** What the worker is asked to do. */
  get task() {
    const blocks = this.chain.map((cell) => cell.text);
    return { chain: `${location.pathname}#${this.box.dataset.chain}`, blocks };
  }

  /** What the build showed for this block. */
  get built() {
    const found = [];
    let next = this.box.nextElementSibling;
    if (next === this.ran) next = next?.nextElementSibling;
    while (next?.matches(".livefence-output, .livefence-figure")) {
      found.push(next);
      next = next.nextElementSibling;
    }
    return found;
  }

  show() {
    const { Run, Edit, Reset, Stop } = this.buttons;
    const busy = running === this || waiting.includes(this);
    const had = document.activeElement;
    Run.hidden = busy;
    Stop.hidden = !busy;
    Reset.hidden = busy || (!this.ran && this.text === this.original && !this.editor);
    Edit.setAttribute("aria-expanded", String(Boolean(this.editor)));
    if (had === Run && busy) Stop.focus();
    if (had === Stop && !busy) Run.focus();
    if (had === Reset && Reset.hidden) Run.focus();
  }

  say(text) {
    this.status.textContent = text;
  }

  // --------------------------------------------------------------------- the buttons

  run() {
    if (running === this || waiting.includes(this)) return;
    waiting.push(this);
    if (running) this.say("Waits for the block that runs now.");
    this.show();
    next();
  }

  async edit() {
    if (this.editor) {
      this.editor.focus();
      return;
    }
    const host = make("div", { class: "livefence-editor" });
    let module;
    try {
      module = await import(new URL("editor.js", here));
    } catch {
      this.say("The editor could not be loaded; try again.");
      return;
    }
    if (this.editor) return;
    const { fontSize, lineHeight } = getComputedStyle(this.code);
    Object.assign(host.style, { fontSize, lineHeight });
    this.code.hidden = true;
    this.pre.append(host);
    this.editor = module.open(host, {
      text: this.text,
      label: `Edit this block; Control and Enter: ${this.action}, Escape: leave`,
      changed: (text) => this.changed(text),
      run: () => this.run(),
      leave: () => (this.buttons.Run.hidden ? this.buttons.Stop : this.buttons.Run).focus(),
    });
    this.editor.host = host;
    this.show();
    this.editor.focus();
  }

  changed(text) {
    this.text = text;
    this.box.dataset.built ??= this.box.dataset.copy ?? "";
    for (const cell of this.followers()) cell.copies();
    this.show();
  }

  /** This block and those of its chain after it. */
  followers() {
    const scope = this.box.closest("article") ?? document;
    const all = scope.querySelectorAll(`.livefence[data-chain="${this.box.dataset.chain}"]`);
    return [...all].map((box) => cells.get(box)).slice(this.index);
  }

  /** What the copy button gives is what the reader sees. */
  copies() {
    const texts = this.chain.map((cell) => cell.text);
    this.box.dataset.copy = `${texts.filter(Boolean).join("\n\n")}\n`;
    this.box.querySelector("[data-clipboard-text]")?.removeAttribute("data-clipboard-text");
  }

  reset() {
    this.editor?.close();
    this.editor?.host.remove();
    this.editor = undefined;
    this.code.hidden = false;
    if (this.text !== this.original) this.changed(this.original);
    this.clear();
    this.say("");
    this.show();
  }

  stop() {
    const place = waiting.indexOf(this);
    if (place >= 0) {
      waiting.splice(place, 1);
      this.say("");
      this.show();
      return;
    }
    if (running !== this || !this.alive) return;
    this.say("Stopping.");
    URL.revokeObjectURL(this.alive);
    this.alive = undefined;
    const run = this.run_id;
    setTimeout(() => running === this && this.run_id === run && end(), GRACE);
  }

  // --------------------------------------------------------------------- the results

  clear() {
    this.ran?.remove();
    this.ran = null;
    for (const element of this.built) element.hidden = false;
  }

  /** The place of a run's results, in the place of those of the build. */
  results() {
    if (!this.ran) {
      for (const element of this.built) element.hidden = true;
      this.ran = make("div", { class: "livefence-ran" });
      this.box.after(this.ran);
    }
    return this.ran;
  }

  print(text, kind = "output") {
    const results = this.results();
    let block = results.lastElementChild;
    if (!block?.matches(`.livefence-${kind}`)) {
      const code = make("code", { tabindex: "0" });
      const label = kind === "output" ? "Output" : "What went wrong";
      block = make("div", { class: `livefence-${kind} no-copy`, role: "group", "aria-label": label }, make("pre", {}, code));
      results.append(block);
    }
    block.querySelector("code").append(text);
  }

  draw(svgs) {
    const edited = this.chain.some((cell) => cell.text !== cell.original);
    const built = this.built.filter((element) => element.matches(".livefence-figure"));
    svgs.forEach((svg, k) => {
      const drawn = drawing(svg);
      if (!drawn) return;
      const figure = make("figure", { class: "livefence-figure" }, drawn);
      const before = built[k];
      const label = before?.querySelector("svg")?.getAttribute("aria-label");
      const changed = `Figure ${k + 1} of the block as you changed it.`;
      figure.querySelector("svg").setAttribute("aria-label", (!edited && label) || changed);
      const caption = before?.querySelector("figcaption");
      if (caption && !edited) figure.append(caption.cloneNode(true));
      this.results().append(figure);
    });
  }
}

/** An answer that the reader fills in, and the solution that it is compared with. */
class Answer extends Cell {
  constructor(box) {
    super(box, 0, "Check");
  }

  get chain() {
    return [this];
  }

  followers() {
    return [this];
  }

  get built() {
    return [];
  }

  get task() {
    const folded = this.box.parentElement.querySelectorAll("details .livefence[data-chain]");
    const same = [...folded].filter((box) => box.dataset.chain === folded[0].dataset.chain);
    const { built, copy } = same.at(-1).dataset;
    const names = this.box.dataset.check.split(" ");
    return { blocks: [this.text], answer: this.text, solution: built ?? copy, names };
  }
}

// ------------------------------------------------------------------------ the worker

// A worker whose script comes from the network has the policy of that response, which
// is none; one that is begun by the page itself has the page's.
const begun = `import ${JSON.stringify(new URL("worker.js", here).href)};`;
let address; // of that script

function next() {
  if (running || !waiting.length) return;
  const cell = (running = waiting.shift());
  if (!python) {
    address ??= URL.createObjectURL(new Blob([begun], { type: "text/javascript" }));
    python = new Worker(address, { type: "module" });
    python.addEventListener("message", ({ data }) => heard(data));
    python.addEventListener("error", (event) => heard({ type: "failed", id: running?.run_id, text: event.message || "Python could not be started." }));
  }
  cell.run_id = ++runs;
  cell.fresh = true; // until something of this run is shown
  cell.began = performance.now();
  cell.alive = URL.createObjectURL(new Blob(["1"]));
  cell.say("Starting.");
  cell.show();
  python.postMessage({
    id: cell.run_id,
    prefix: `run${cell.run_id}-`,
    alive: cell.alive,
    ...cell.task,
  });
}

function begin(cell) {
  if (!cell.fresh) return;
  cell.fresh = false;
  cell.clear();
  cell.results();
}

function heard(message) {
  const cell = running;
  if (!cell || message.id !== undefined && message.id !== cell.run_id) return;
  if (message.type === "load") {
    cell.progress.hidden = false;
    cell.progress.max = message.awaited;
    cell.progress.value = message.loaded;
    cell.say(`Loading Python, ${megabytes(message.weight)} in all, once.`);
  } else if (message.type === "running") {
    cell.progress.hidden = true;
    cell.say("Running.");
  } else if (message.type === "output") {
    begin(cell);
    cell.print(message.text);
  } else if (message.type === "done") {
    finish(cell, message);
  } else if (message.type === "failed") {
    cell.progress.hidden = true;
    leave(cell, `Python could not run this: ${message.text}`);
    drop();
    next();
  }
}

function finish(cell, { figures, error, missing, stopped, where, known, verdict }) {
  begin(cell);
  const before = where === null || where === undefined ? "" : " in a block that this one continues";
  if (error) cell.print(error, "error");
  if (error && missing) {
    cell.print(`\nHere ${known.join(", ")} and Python's own modules can be imported.\n`, "error");
  }
  cell.draw(figures);
  const seconds = ((performance.now() - cell.began) / 1000).toFixed(1);
  const shown = cell.ran.childElementCount;
  let text = `Ran in ${seconds} s${shown ? "." : ", and printed nothing."}`;
  if (!cell.text.trim()) text = "The block is empty: nothing to run. Reset brings it back.";
  if (error) text = `An error${before}; it is shown below.`;
  if (verdict) text = verdict;
  if (stopped) text = `Stopped${before}. What the blocks before it define is still there.`;
  leave(cell, text);
  next();
}

function leave(cell, text) {
  URL.revokeObjectURL(cell.alive);
  cell.alive = undefined;
  running = undefined;
  cell.progress.hidden = true;
  cell.say(text);
  cell.show();
}

function drop() {
  python?.terminate();
  python = undefined;
}

/** Nothing answers: the worker is ended, and with it all that was defined. */
function end() {
  const cell = running;
  drop();
  leave(cell, "Stopped. Python had to be started anew: what was defined before is gone.");
  next();
}

// --------------------------------------------------------------------------- the page

function enhance() {
  // Nobody can stop what belongs to a page that was left.
  waiting.splice(0, waiting.length, ...waiting.filter((cell) => cell.box.isConnected));
  if (running && !running.box.isConnected) running.stop();
  const places = {};
  for (const box of document.querySelectorAll(".livefence[data-chain]")) {
    const chain = box.dataset.chain;
    const index = (places[chain] = (places[chain] ?? -1) + 1);
    if (!cells.has(box)) cells.set(box, new Cell(box, index));
  }
  for (const box of document.querySelectorAll(".livefence-answer")) {
    if (!cells.has(box)) cells.set(box, new Answer(box));
  }
}

if (window.document$) window.document$.subscribe(enhance);
else enhance();
