// An exercise: an answer that the reader fills in, and the solution it is compared with.
import { Cell, make } from "./cell.js";
import { keep, read } from "./kept.js";

const NUMBER = /^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d+)?$/i;
const THOUSANDS = /^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/;

/** The numbers that a reader can mean: a comma may stand for a point, or part thousands. */
function numbers(text) {
  const plain = text.replaceAll("\u2212", "-").replace(/[\s\u00a0\u202f_]/g, "");
  const [above, below, ...more] = plain.split("/").map((part) => {
    const found = [];
    if (NUMBER.test(part)) found.push(Number(part.replace(",", ".")));
    if (THOUSANDS.test(part)) found.push(Number(part.replaceAll(",", "")));
    return found;
  });
  if (more.length || !above) return [];
  return below ? above.flatMap((a) => below.map((b) => a / b)).filter((x) => !Number.isNaN(x)) : above;
}

const word = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

const agrees = (text, found, { word: other, number, slack, others }) =>
  other === undefined ? found.some((x) => Math.abs(x - number) <= slack || others.includes(x)) : word(text) === other;

/** What is wrong with a typed answer, or undefined; the build says what is right, and
 * what to say of likely mistakes. */
function wrong(name, text, right) {
  if (!text.trim()) return `give ${name} a value`;
  const found = numbers(text);
  if (agrees(text, found, right)) return undefined;
  const mistake = right.mistakes?.find((each) => agrees(text, found, each));
  if (mistake) return mistake.words;
  if ("word" in right) return `${name} is another word`;
  if (!found.length) return `${name} must be a number, such as 0.25 or 1/4; to have Python work it out, press Edit`;
  const { number } = right;
  const read = /[,]/.test(text) && found.length === 1 ? ` (it is read as ${found[0]})` : "";
  return `${name} is too ${found[0] < number ? "small" : "large"}${read}`;
}

export class Answer extends Cell {
  constructor(box) {
    super(box, "Check");
    this.title = box.closest(".admonition")?.querySelector(".admonition-title");
    this.known = JSON.parse(box.dataset.known ?? "null");
    this.inputs = new Map();
    if (this.known) this.asks();
    if (read("right")[this.name]) this.tick();
  }

  /** Boxes for answers that the page can compare without Python. */
  asks() {
    const row = make("div", { class: "livefence-typed", role: "group", "aria-label": "Your answer" });
    for (const name of Object.keys(this.known)) {
      const input = make("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
      input.addEventListener("input", () => {
        this.typed = [...this.inputs.values()].some((each) => each.value.trim());
        this.say("");
        this.show();
      });
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.run();
      });
      this.inputs.set(name, input);
      row.append(make("label", {}, make("code", {}, name), " = ", input));
    }
    this.bar.before(row);
  }

  get chain() {
    return [this];
  }

  get built() {
    return [];
  }

  get hasAbove() {
    return false;
  }

  get isChanged() {
    return super.isChanged || this.typed || this.ticked;
  }

  get elsewhere() {
    return " in a block above, which the answer leans on";
  }

  get task() {
    const folded = this.box.parentElement.querySelectorAll("details .livefence[data-chain]");
    const same = [...folded].filter((box) => box.dataset.chain === folded[0].dataset.chain);
    const { built, copy } = same.at(-1).dataset;
    const chains = grouped(this.before);
    return {
      blocks: [this.text],
      answer: this.text,
      solution: built ?? copy ?? same.at(-1).querySelector("code").textContent,
      names: this.box.dataset.check.split(" "),
      above: [...chains].map(([name, cells]) => [name, cells.map((cell) => cell.text)]),
    };
  }

  run() {
    if (!this.known || this.isEdited && !this.typed) {
      super.run();
      return;
    }
    const entries = Object.entries(this.known);
    const told = entries.map(([name, right]) => wrong(name, this.inputs.get(name).value, right));
    const first = told.find(Boolean);
    this.tells(!first ? "Right." : first.endsWith(".") ? `Not yet. ${first}` : `Not yet: ${first}.`, !first);
    this.show();
  }

  edited(text) {
    this.typed = false;
    for (const input of this.inputs.values()) input.value = "";
    super.edited(text);
  }

  reset() {
    this.ticked?.remove();
    this.ticked = undefined;
    document.dispatchEvent(new CustomEvent("livefence-ticked"));
    keep("right", this.name, undefined);
    this.typed = false;
    for (const input of this.inputs.values()) input.value = "";
    super.reset();
  }

  finished(message, seconds) {
    const text = super.finished(message, seconds);
    if (!message.verdict) return text;
    this.verdict = message.right;
    return message.verdict;
  }

  say(text) {
    super.say(text);
    if (this.verdict !== undefined && text) this.tells(text, this.verdict);
  }

  tells(text, right) {
    this.verdict = undefined;
    super.say(text);
    this.status.classList.add(right ? "livefence-right" : "livefence-wrong");
    if (!right) return;
    keep("right", this.name, "yes");
    this.tick();
  }

  /** An exercise that was answered stays marked. */
  tick() {
    if (this.ticked || !this.title) return;
    this.ticked = make("span", { class: "livefence-tick" }, "Solved");
    this.title.append(" ", this.ticked);
    document.dispatchEvent(new CustomEvent("livefence-ticked"));
    this.show();
  }
}

function grouped(blocks) {
  const chains = new Map();
  for (const cell of blocks) chains.set(cell.chainName, [...(chains.get(cell.chainName) ?? []), cell]);
  return chains;
}
