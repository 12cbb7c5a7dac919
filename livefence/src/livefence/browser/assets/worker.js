// Holds Python. Messages in: {run}. Messages out: load, doing, running, output, done,
// lost (a file that could not be had), failed.
const here = new URL("./", import.meta.url);
const say = (message) => self.postMessage(message);
let config, python, runner, find, site;

// Another worker, of a script from the network, would have no policy.
delete self.Worker;

// ------------------------------------------------------------- files, three times each

const TRIES = 3;
const OFTEN = 200; // ms between two messages about what has come
const network = self.fetch.bind(self);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A file that could not be had; why: a status, or "offline", "broken" or "refused". */
class Lost extends Error {
  constructor(name, why) {
    super(name);
    Object.assign(this, { name, why });
  }
}

const awaited = new Map(); // name -> share of it that has come, 0 to 1
let told = 0;

function expect(names) {
  for (const name of names) if (!awaited.has(name)) awaited.set(name, 0);
}

/** Bytes as they are sent: what has come, and all that is awaited. */
function amounts() {
  let [loaded, weight] = [0, 0];
  for (const [name, share] of awaited) {
    loaded += share * config.sizes[name][1];
    weight += config.sizes[name][1];
  }
  return { loaded, weight };
}

function came(name, bytes) {
  if (!awaited.has(name)) return;
  awaited.set(name, Math.min(1, bytes / config.sizes[name][0]));
  if (performance.now() - told < OFTEN) return;
  told = performance.now();
  say({ type: "load", what: called(name), ...amounts() });
}

/** What a reader calls a file. */
function called(name) {
  if (name.startsWith(config.runtime)) return "Python";
  const entry = Object.entries(config.packages).find(([, each]) => each.file_name === name);
  return entry ? entry[0] : name;
}

async function digest(bytes) {
  if (!self.crypto?.subtle) return undefined; // a page without https
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function received(name, response) {
  const pieces = [];
  let length = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
    came(name, length);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The bytes of a file, compared with its sum. Where it cannot be had it is asked for
 * again, three times in all, and then it is Lost. */
async function get(name) {
  let why;
  for (let tried = 1; tried <= TRIES; tried++) {
    try {
      const response = await network(new URL(name, here), tried > 1 ? { cache: "reload" } : {});
      why = response.status;
      if (response.ok) {
        const bytes = await received(name, response);
        const sum = config?.sums[name];
        const found = sum && (await digest(bytes));
        if (!found || found === sum) return bytes;
        why = "broken";
      } else if (response.status < 500 && response.status !== 429) break; // for good
    } catch {
      why = navigator.onLine === false ? "offline" : "refused";
      if (why === "offline") break;
    }
    if (tried < TRIES) await wait(300 * tried);
  }
  throw new Lost(name, why);
}

/** What Pyodide asks for by itself comes from what was fetched before. */
const ready = new Map();

self.fetch = async (resource) => {
  const name = new URL(resource.url ?? resource, here).href.replace(here.href, "");
  const bytes = ready.get(name) ?? (await get(name));
  const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return new Response(bytes, { headers: { "Content-Type": type } });
};

// ------------------------------------------------------------------------- starting

async function start() {
  try {
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch {
    throw new Error("this browser, or the policy of this site, allows no WebAssembly.");
  }
  config ??= JSON.parse(new TextDecoder().decode(await get("browser.json")));
  const parts = Object.keys(config.sizes).filter((name) => name.startsWith(`${config.runtime}/`));
  expect([...parts, "runner.zip"]);
  say({ type: "load", what: "Python", ...amounts() });
  const files = await Promise.all([...parts, "runner.zip"].map(get));
  parts.forEach((name, k) => ready.set(name, files[k]));
  say({ type: "doing", what: "Starting Python." });
  const folder = new URL(`${config.runtime}/`, here);
  const { loadPyodide } = await import(new URL("pyodide.mjs", folder));
  python = await loadPyodide({
    indexURL: folder.href,
    lockFileContents: { info: config.info, packages: {} },
    stdout: () => {},
    stderr: () => {},
    stdin: () => null, // nobody to ask: the end of the file
  });
  ready.clear();
  python.unpackArchive(files.at(-1), "zip", { extractDir: "/home/pyodide" });
  python.registerJsModule("livefence_host", { show: (text) => say({ type: "output", id, text }) });
  find = python.runPython("from pyodide.code import find_imports; find_imports");
  site = python.runPython("import site; site.getsitepackages()[0]");
  runner = python.runPython(`
import json
from livefence_host import show
from livefence.browser.runner import Runner
Runner(show, ${JSON.stringify(config.style)}, json.loads(${JSON.stringify(JSON.stringify(config.colors))}), json.loads(${JSON.stringify(JSON.stringify(config.modules))}))
`);
}

const installed = new Set();

/** The packages with all that they need, but for those that are there. */
function needed(names) {
  const found = new Set();
  const visit = (name) => {
    if (found.has(name) || installed.has(name) || !config.packages[name]) return;
    found.add(name);
    config.packages[name].depends.forEach(visit);
  };
  names.forEach(visit);
  return [...found];
}

/** Fetch packages and put them where Python finds them; a file is asked for once at a
 * time, and what has come is not asked for again after a Retry. */
async function load(names) {
  const wanted = needed(names);
  if (!wanted.length) return;
  const fetched = fetching(wanted);
  say({ type: "load", what: wanted.join(", "), ...amounts() });
  const results = await Promise.allSettled(fetched);
  for (const [k, name] of wanted.entries()) {
    const { value, reason } = results[k];
    if (reason) throw reason;
    say({ type: "doing", what: `Unpacking ${name}.` });
    python.unpackArchive(value, "xztar", { extractDir: site });
    installed.add(name);
    arrived.delete(config.packages[name].file_name);
  }
  python.runPython("import importlib; importlib.invalidate_caches()");
}

const arrived = new Map(); // name of a file -> the promise of its bytes, and of which run

/** A file that failed is not asked for again in the same run. */
function fetching(names) {
  const files = names.map((name) => config.packages[name].file_name);
  expect(files);
  return files.map((file) => {
    const before = arrived.get(file);
    if (before && !(before.failed && before.id !== id)) return before.bytes;
    const entry = { id, bytes: get(file) };
    entry.bytes.catch(() => (entry.failed = true));
    arrived.set(file, entry);
    return entry.bytes;
  });
}

function imported(code) {
  const found = find(code);
  const names = found.toJs();
  found.destroy();
  return names.flatMap((name) => owners(name));
}

const owners = (module) =>
  Object.keys(config.packages).filter((name) => config.packages[name].imports.includes(module));

/** Before Python is there to say what a block imports: what its words look like. It is
 * fetched beside Python then, and not after it. */
function guessed(blocks) {
  const lines = blocks.join("\n").matchAll(/^\s*(?:import|from)\s+([^#\n]+)/gm);
  const words = [...lines].flatMap(([, rest]) => rest.split(/\s+import\s+/)[0].split(","));
  const tops = words.map((word) => word.trim().split(/[.\s]/)[0]);
  return needed(tops.flatMap(owners));
}

// ------------------------------------------------------------------------ stopping

// Python looks here between its instructions. A page without cross-origin isolation
// shares no memory with its worker; what it can do is to take back the address of a
// blob, and that is what is looked for, ten times a second.
function signal(url) {
  let asked = performance.now();
  let stopped = false;
  return {
    get 0() {
      if (stopped || performance.now() - asked < 100) return 0;
      asked = performance.now();
      try {
        const request = new XMLHttpRequest();
        request.open("GET", url, false);
        request.send();
      } catch {
        stopped = true;
        return 2; // SIGINT, once
      }
      return 0;
    },
    set 0(_) {},
  };
}

// ------------------------------------------------------------------------- running

let id;

async function run({ chain, blocks, prefix, alive, answer, solution, names: asked, above, narrow, files }) {
  const seen = [...blocks, solution ?? ""];
  if (!runner) {
    config ??= JSON.parse(new TextDecoder().decode(await get("browser.json")));
    for (const file of fetching(guessed(seen))) file.catch(() => {}); // told by load
    await start();
  }
  for (const [name, bytes] of files) python.FS.writeFile(name, bytes);
  let leant = [];
  if (above) {
    const list = python.toPy(above.map(([, codes]) => codes));
    leant = JSON.parse(runner.needs(answer, list)).map(([k, upto]) => [above[k][0], above[k][1].slice(0, upto)]);
    list.destroy();
    for (const [, codes] of leant) seen.push(...codes);
  }
  await load(seen.flatMap(imported));
  for (;;) {
    say({ type: "running", id });
    python.setInterruptBuffer(signal(alive));
    let result;
    const list = python.toPy(asked ?? blocks);
    const others = python.toPy(leant);
    runner.narrow = narrow;
    try {
      result = JSON.parse(asked ? runner.check(answer, solution, list, others) : runner.run(chain, list, prefix));
    } finally {
      python.setInterruptBuffer(undefined);
      list.destroy();
      others.destroy();
    }
    const absent = needed(result.missing ? owners(result.missing) : []);
    if (!absent.length) return result;
    await load(absent); // a library imports it, not the block itself; or it is Lost
  }
}

self.onmessage = async ({ data }) => {
  id = data.id;
  try {
    const result = await run(data);
    say({ type: "done", id, known: config.modules, ...result });
  } catch (error) {
    const dead = !runner;
    if (error instanceof Lost) {
      const size = config?.sizes[error.name]?.[1];
      const what = config ? called(error.name) : error.name;
      say({ type: "lost", id, dead, file: error.name.split("/").pop(), what, size, why: error.why });
    } else say({ type: "failed", id, text: String(error?.message ?? error) });
  }
};
