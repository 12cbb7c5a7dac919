// Run, Edit and the rest under each Python block. No Python is fetched before the first
// Run and no editor before the first Edit; what the page can do without comes with it.
import { Answer } from "./answer.js";
import { Cell, cells, make } from "./cell.js";
import { keep, read, unpacked } from "./kept.js";
import { leavePage } from "./python.js";

/** An empty block at the foot of the page, after code of its own. */
class Empty extends Cell {
  get name() {
    return "empty";
  }

  get mates() {
    return [this];
  }

  get task() {
    return { chain: this.chainName, blocks: [this.box.dataset.first, this.text] };
  }

  changed(text) {
    super.changed(text);
    this.box.dataset.copy = `${this.box.dataset.first}\n\n${text}`;
  }
}

function emptyBlock(place) {
  const { first } = place.dataset;
  const code = make("code", { "data-empty": "Edit, or click here, and write." });
  const box = make("div", { class: "livefence", "data-chain": "empty", "data-first": first, "data-copy": first });
  box.append(make("div", { class: "language-python highlight" }, make("pre", {}, code)));
  const words = first ? ["An empty block, run after ", make("code", {}, first.trim()), "."] : ["An empty block."];
  place.append(make("p", { class: "livefence-lead" }, ...words), box);
  const cell = new Empty(box);
  cell.pre.addEventListener("click", () => cell.editor || cell.edit());
}

// ------------------------------------------------------------------ edits and links

let note; // what stands at the head of the page about changed code

function tell(words, button, act) {
  note?.remove();
  const press = make("button", { type: "button", class: "livefence-button" }, button);
  press.addEventListener("click", () => {
    act();
    note?.remove();
  });
  note = make("div", { class: "livefence-note", role: "note" }, make("p", {}, words), press);
  const article = document.querySelector("article");
  const title = article?.querySelector("h1");
  title ? title.after(note) : article?.prepend(note);
}

const blocks = (count) => (count === 1 ? "one block" : `${count} blocks`);

/** Put back what the reader had written here, and then what the address brings. */
async function bring() {
  note?.remove();
  const all = [...document.querySelectorAll(".livefence[data-chain], .livefence-answer")].map((box) => cells.get(box));
  const put = (edits, words) => {
    const found = all.filter((cell) => Object.hasOwn(edits, cell.name) && edits[cell.name] !== cell.text);
    for (const cell of found) cell.put(edits[cell.name], words);
    return found;
  };
  const reset = (found) => () => found.forEach((cell) => cell.reset());
  const own = put(read("edits"), "As you left it, and not run since; Reset brings the page's own code back.");
  if (own.length) tell(`Your edits of ${blocks(own.length)} on this page were kept in this browser.`, "Let them go", reset(own));
  const edits = await unpacked(location.hash);
  if (!edits) return;
  const brought = put(edits, "From the link, and not run. Read it before you press Run; Reset brings the page's own code back.");
  if (brought.length) {
    const words = `The link that you followed brought its own code for ${blocks(brought.length)} of this page. None of it runs before you press Run.`;
    tell(words, "Show the page's own code", reset(brought));
    brought[0].box.closest("details")?.setAttribute("open", "");
  } else {
    tell("The link that you followed brought code that does not fit this page; the page is as it was.", "Well", forget);
  }
}

/** What a link brought is the reader's own from the first change on. */
function forget() {
  if (!location.hash.startsWith("#run=")) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  for (const box of document.querySelectorAll(".livefence[data-chain], .livefence-answer")) {
    const cell = cells.get(box);
    if (cell?.isEdited) keep("edits", cell.name, cell.text);
  }
}

document.addEventListener("livefence-edited", forget);
addEventListener("hashchange", () => location.hash.startsWith("#run=") && bring());

// --------------------------------------------------------------------------- the page

function enhance() {
  leavePage();
  for (const place of document.querySelectorAll(".livefence-empty:empty")) emptyBlock(place);
  const fresh = [...document.querySelectorAll(".livefence[data-chain]")].filter((box) => !cells.has(box));
  for (const box of fresh) new Cell(box);
  for (const box of document.querySelectorAll(".livefence-answer")) cells.has(box) || fresh.push(new Answer(box).box);
  for (const box of fresh) cells.get(box).show(); // now that all are there
  if (fresh.length) bring();
}

// What was read can be read again without a connection: a script answers for the pages
// of the built site, and not for one that is being written.
const built = document.querySelector("meta[http-equiv='Content-Security-Policy']");

function offline() {
  const root = new URL("../../", import.meta.url);
  const script = new URL("livefence-offline.js", root);
  const seen = navigator.serviceWorker.controller; // it has seen all that was read
  navigator.serviceWorker.register(script, { scope: root.pathname }).then(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (seen) return;
    const read = performance.getEntriesByType("resource").map((entry) => entry.name);
    active.postMessage({ read: [location.href, ...read] });
  }, () => {});
}

if (built && "serviceWorker" in navigator) {
  if (document.readyState === "complete") offline();
  else addEventListener("load", offline);
}

if (window.document$) window.document$.subscribe(enhance);
else enhance();
