// A block of the page: its code, its buttons, and what a run printed and drew.
import { keep, named, packed } from "./kept.js";
import { enqueue, isBusy, stop } from "./python.js";

const here = new URL("./", import.meta.url);
const TALL = { lines: 40, height: "32em" }; // of output; the build has the same
export const cells = new WeakMap(); // element of a block -> its Cell

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

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

const BUTTONS = {
  run: "Run",
  retry: "Retry",
  edit: "Edit",
  reset: "Reset",
  stop: "Stop",
  above: "Run all above",
  link: "Copy link",
};

export class Cell {
  constructor(box, action = "Run") {
    this.box = box;
    this.action = action;
    this.pre = box.querySelector("pre");
    this.code = this.pre.querySelector("code");
    this.original = this.code.textContent.replace(/\n+$/, "");
    this.text = this.original;
    this.ran = null; // what a run printed and drew
    this.failed = false; // for want of a file
    cells.set(box, this);
    this.bar = make("div", { class: "livefence-bar", role: "group", "aria-label": `${action} this block` });
    this.buttons = {};
    for (const [name, label] of Object.entries(BUTTONS)) {
      const button = make("button", { type: "button", class: "livefence-button" }, name === "run" ? action : label);
      button.addEventListener("click", () => this[name]());
      this.buttons[name] = button;
      this.bar.append(button);
    }
    this.status = make("span", { class: "livefence-status", role: "status" });
    this.progress = make("progress", { class: "livefence-progress", "aria-label": "Loading", max: "1", hidden: "" });
    this.amount = make("span", { class: "livefence-amount", hidden: "" });
    this.bar.append(this.status, this.progress, this.amount);
    box.append(this.bar);
    this.show();
  }

  get article() {
    return this.box.closest("article") ?? document;
  }

  /** By what an edit of this block is kept: the code that it changes. */
  get name() {
    const same = this.all.filter((cell) => cell.original === this.original);
    const place = same.indexOf(this);
    return named(this.original) + (place ? `-${place}` : "");
  }

  /** All blocks of the page, those of exercises too. */
  get all() {
    const boxes = this.article.querySelectorAll(".livefence[data-chain], .livefence-answer");
    return [...boxes].map((box) => cells.get(box)).filter(Boolean);
  }

  /** The blocks of the text that stand before this one. */
  get before() {
    const place = this.all.indexOf(this);
    return this.all.slice(0, place).filter((cell) => cell.box.matches("[data-chain]") && !cell.box.closest("details"));
  }

  get mates() {
    const same = `.livefence[data-chain="${this.box.dataset.chain}"]`;
    return [...this.article.querySelectorAll(same)].map((box) => cells.get(box)).filter(Boolean);
  }

  /** The block and those that it continues, in order. */
  get chain() {
    return this.mates.slice(0, this.mates.indexOf(this) + 1);
  }

  get chainName() {
    return `${location.pathname}#${this.box.dataset.chain}`;
  }

  /** What the worker is asked to do. */
  get task() {
    return { chain: this.chainName, blocks: this.chain.map((cell) => cell.text) };
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

  get isEdited() {
    return this.text !== this.original;
  }

  get isChanged() {
    return this.isEdited || this.ran || this.editor;
  }

  show() {
    const { run, retry, edit, reset, stop: halt, above, link } = this.buttons;
    const busy = isBusy(this);
    const had = document.activeElement;
    run.hidden = busy || this.failed;
    retry.hidden = busy || !this.failed;
    halt.hidden = !busy;
    reset.hidden = busy || !this.isChanged;
    above.hidden = busy || !this.hasAbove;
    link.hidden = !this.isEdited;
    edit.setAttribute("aria-expanded", String(Boolean(this.editor)));
    if (had?.hidden && this.bar.contains(had)) (busy ? halt : this.failed ? retry : run).focus();
  }

  /** Are there blocks above that Run does not bring along by itself? */
  get hasAbove() {
    return this.before.some((cell) => cell.box.dataset.chain !== this.box.dataset.chain);
  }

  say(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.classList.remove("livefence-right", "livefence-wrong");
  }

  /** A share of what is awaited has come; nothing is awaited any more. */
  loads(share, amount = "") {
    this.progress.hidden = this.amount.hidden = share === undefined;
    this.progress.value = share ?? 0;
    this.amount.textContent = amount;
  }

  // --------------------------------------------------------------------- the buttons

  run() {
    if (isBusy(this)) return;
    this.failed = false;
    enqueue(this);
  }

  retry() {
    this.run();
  }

  above() {
    for (const cell of this.before) cell.failed = false;
    enqueue(...this.before);
    this.say("The blocks above run.");
  }

  stop() {
    stop(this);
  }

  async link() {
    const edited = this.all.filter((cell) => cell.isEdited);
    const hash = await packed(Object.fromEntries(edited.map((cell) => [cell.name, cell.text])));
    const what = edited.length > 1 ? `your edits of ${edited.length} blocks` : "your edit";
    try {
      await navigator.clipboard.writeText(location.origin + location.pathname + hash);
      this.say(`Copied: a link to this page with ${what}.`);
    } catch {
      history.replaceState(history.state, "", hash);
      this.say(`The address of this page now has ${what}: copy it from there.`);
    }
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
      this.say(`The editor could not be loaded${navigator.onLine ? "" : ": you are offline"}; try again.`);
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
      changed: (text) => this.edited(text),
      run: () => this.run(),
      leave: () => [this.buttons.run, this.buttons.retry, this.buttons.stop].find((button) => !button.hidden).focus(),
    });
    this.editor.host = host;
    this.show();
    this.editor.focus();
  }

  reset() {
    this.close();
    if (this.isEdited) this.edited(this.original);
    if (this.nodes) this.code.replaceChildren(...this.nodes);
    this.nodes = undefined;
    this.failed = false;
    this.clear();
    this.say("");
    this.show();
  }

  close() {
    this.editor?.close();
    this.editor?.host.remove();
    this.editor = undefined;
    this.code.hidden = false;
  }

  // ----------------------------------------------------------------------- its code

  /** The reader has changed it. */
  edited(text) {
    this.changed(text);
    document.dispatchEvent(new CustomEvent("livefence-edited"));
    const kept = keep("edits", this.name, this.isEdited ? text : undefined);
    if (!kept) this.say("This browser keeps no edits; Copy link does.");
  }

  /** Show code that was kept, or that a link has brought; it does not run. */
  put(text, words) {
    this.close();
    this.nodes ??= [...this.code.childNodes];
    this.code.textContent = `${text}\n`;
    this.box.querySelector(".livefence-fold")?.setAttribute("open", "");
    this.changed(text);
    this.say(words);
  }

  changed(text) {
    this.text = text;
    this.box.dataset.copy = text; // while an editor stands in the place of the code
    this.show();
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
      block.ends = 0;
      results.append(block);
    }
    block.querySelector("code").append(text);
    block.ends += text.split("\n").length - 1;
    block.lines = block.ends + !text.endsWith("\n");
    if (block.lines > TALL.lines) this.shorten(block);
  }

  /** What is long scrolls in its place, and how much it is is told. */
  shorten(block) {
    Object.assign(block.querySelector("code").style, { maxHeight: TALL.height, overflowY: "auto" });
    let told = block.querySelector(".livefence-lines");
    if (!told) block.append((told = make("p", { class: "livefence-lines" })));
    told.textContent = `${block.lines.toLocaleString("en")} lines; they scroll here.`;
  }

  /** Show how a run ended; what to say of it. */
  finished({ figures, error, missing, stopped, where, known }, seconds) {
    const elsewhere = where === null || where === undefined ? "" : this.elsewhere;
    if (error) this.print(error, "error");
    if (error && missing) this.print(`\nHere ${known.join(", ")} and Python's own modules can be imported.\n`, "error");
    this.draw(figures);
    if (stopped) return `Stopped${elsewhere}. What the blocks before it define is still there.`;
    if (error) return `An error${elsewhere}; it is shown below.`;
    if (!this.text.trim()) return "The block is empty: nothing to run. Reset brings it back.";
    return `Ran in ${seconds} s${this.ran.childElementCount ? "." : ", and printed nothing."}`;
  }

  get elsewhere() {
    return " in a block that this one continues";
  }

  draw(svgs) {
    const edited = this.chain.some((cell) => cell.isEdited);
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

