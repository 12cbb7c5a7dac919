// The near side of the worker that holds Python: one block runs, others wait for it.
const here = new URL("./", import.meta.url);
const GRACE = 1500; // ms that a stop may take before the worker is ended
const SLOW = 4000; // ms after which the time that is left is told
const QUIET = 15_000; // ms without a byte after which that is told
const waiting = []; // Cells whose turn comes
let python; // the worker, from the first Run on
let running; // the Cell whose run is under way
let runs = 0; // numbers the runs
let began; // when loading began, by the clock, and with how much
let silence; // the timer that tells that nothing comes
const files = new Map(); // name -> bytes of a file that the reader has chosen
let handed = new Set(); // names of those that Python has

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

export const isBusy = (cell) => running === cell || waiting.includes(cell);

// A worker whose script comes from the network has the policy of that response, which
// is none; one that is begun by the page itself has the page's.
const begun = `import ${JSON.stringify(new URL("worker.js", here).href)};`;
let address; // of that script

/** A file of the reader's, for all blocks: `open(name)` finds it from the next run on.
 * It stays in this page. */
export function give(name, bytes) {
  files.set(name, bytes);
  handed.delete(name);
}

/** Run the cells, one after the other, until one fails. */
export function enqueue(...cells) {
  const batch = { cells: cells.filter((cell) => !isBusy(cell)) };
  for (const cell of batch.cells) {
    cell.batch = batch;
    waiting.push(cell);
    if (running || waiting.length > 1) cell.say("Waits for the block that runs now.");
    cell.show();
  }
  next();
}

/** Those that were to run after the cell do not run. */
function call_off({ batch }) {
  for (const cell of waiting.filter((each) => each.batch === batch)) {
    waiting.splice(waiting.indexOf(cell), 1);
    cell.say("");
    cell.show();
  }
}

export function stop(cell) {
  if (waiting.includes(cell)) {
    call_off(cell);
    return;
  }
  if (running !== cell || !cell.alive) return;
  call_off(cell);
  cell.say("Stopping.");
  URL.revokeObjectURL(cell.alive);
  cell.alive = undefined;
  const run = cell.run_id;
  setTimeout(() => running === cell && cell.run_id === run && end(), GRACE);
}

/** Nobody can stop what belongs to a page that was left. */
export function leavePage() {
  waiting.splice(0, waiting.length, ...waiting.filter((cell) => cell.box.isConnected));
  if (running && !running.box.isConnected) stop(running);
}

function next() {
  if (running || !waiting.length) return;
  const cell = (running = waiting.shift());
  if (!python) {
    address ??= URL.createObjectURL(new Blob([begun], { type: "text/javascript" }));
    python = new Worker(address, { type: "module" });
    python.addEventListener("message", ({ data }) => heard(data));
    python.addEventListener("error", () => heard({ type: "lost", id: running?.run_id, dead: true, file: "worker.js", what: "worker.js", why: navigator.onLine ? "once" : "offline" }));
  }
  cell.run_id = ++runs;
  cell.fresh = true; // until something of this run is shown
  cell.began = performance.now();
  cell.alive = URL.createObjectURL(new Blob(["1"]));
  began = undefined;
  cell.say("Starting.");
  cell.show();
  const fresh = [...files].filter(([name]) => !handed.has(name));
  handed = new Set(files.keys());
  python.postMessage({
    id: cell.run_id,
    files: fresh,
    prefix: `run${cell.run_id}-`,
    alive: cell.alive,
    narrow: matchMedia("(width < 30em)").matches,
    ...cell.task,
  });
}

function begin(cell) {
  if (!cell.fresh) return;
  cell.fresh = false;
  cell.clear();
  cell.results();
}

/** How much has come, and, where it is slow, how long the rest will take. */
function load(cell, { what, loaded, weight }) {
  const now = performance.now();
  began ??= { now, loaded };
  const seconds = ((now - began.now) / 1000 / (loaded - began.loaded)) * (weight - loaded);
  const slow = now - began.now > SLOW && seconds > 2 && Number.isFinite(seconds);
  const rest = slow ? `, about ${seconds < 60 ? `${Math.ceil(seconds / 5) * 5} s` : `${Math.ceil(seconds / 60)} min`} more` : "";
  cell.loads(loaded / weight, `${megabytes(loaded)} of ${megabytes(weight)} MB${rest}`);
  cell.say(`Loading ${what}, once.`);
  clearTimeout(silence);
  silence = setTimeout(() => running === cell && cell.say(`Loading ${what}: nothing has come for ${QUIET / 1000} s. Wait, or press Stop.`), QUIET);
}

function heard(message) {
  const cell = running;
  if (!cell || message.id !== undefined && message.id !== cell.run_id) return;
  if (message.type === "load") return load(cell, message);
  clearTimeout(silence);
  if (message.type === "doing") cell.say(message.what);
  else if (message.type === "running") {
    cell.loads();
    cell.say("Running.");
  } else if (message.type === "output") {
    begin(cell);
    cell.print(message.text);
  } else if (message.type === "done") finish(cell, message);
  else if (message.type === "lost") {
    if (message.dead) drop();
    fail(cell, missing(message));
  } else if (message.type === "failed") {
    drop();
    fail(cell, `Python could not run this: ${message.text}`);
  }
}

/** In words, what could not be had, and why. */
function missing({ file, what, size, why }) {
  const amount = size ? ` (${megabytes(size)} MB)` : "";
  const named = what === file ? file : `${what}${amount}: the file ${file}`;
  const because = {
    offline: "You are offline",
    broken: "It came damaged, three times",
    once: "It did not come",
    refused: "Asked for three times, it did not come",
  };
  const reason = because[why] ?? `The site answered ${why}${why >= 500 ? ", three times" : ""}`;
  return `Missing is ${named}. ${reason}${why === "offline" ? ": connect, then press Retry" : ""}.`;
}

function fail(cell, text) {
  call_off(cell);
  cell.failed = true;
  leave(cell, text);
  next();
}

function finish(cell, message) {
  begin(cell);
  const { error, stopped } = message;
  if (error || stopped) call_off(cell);
  leave(cell, cell.finished(message, ((performance.now() - cell.began) / 1000).toFixed(1)));
  next();
}

function leave(cell, text) {
  URL.revokeObjectURL(cell.alive);
  clearTimeout(silence);
  cell.alive = undefined;
  running = undefined;
  cell.loads();
  cell.say(text);
  cell.show();
}

function drop() {
  python?.terminate();
  python = undefined;
  handed = new Set();
}

/** Nothing answers: the worker is ended, and with it all that was defined. */
function end() {
  const cell = running;
  drop();
  leave(cell, "Stopped. Python had to be started anew: what was defined before is gone.");
  next();
}
