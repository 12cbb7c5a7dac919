// Holds Python. Messages in: {run}. Messages out: load, output, done, failed.
import { loadPyodide } from "./pyodide.mjs";

const here = new URL("./", import.meta.url);
const say = (message) => self.postMessage(message);
let config, python, runner;

// Another worker, of a script from the network, would have no policy.
delete self.Worker;

// ------------------------------------------------------------ loading, with progress

let loaded = 0;
let awaited = 0; // bytes, uncompressed
let weight = 0; // bytes, as sent
const counted = new Set();

function expect(names) {
  for (const name of names) {
    if (counted.has(name)) continue;
    counted.add(name);
    awaited += config.sizes[name][0];
    weight += config.sizes[name][1];
  }
  if (loaded < awaited) say({ type: "load", loaded, awaited, weight });
}

const ask = self.fetch.bind(self);
self.fetch = async (resource, options) => {
  const response = await ask(resource, options);
  const name = new URL(resource.url ?? resource, here).pathname.split("/").pop();
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status})`);
  if (!config?.sizes[name] || !response.body) return response;
  const count = new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.length;
      say({ type: "load", loaded, awaited, weight });
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(count), { headers: response.headers });
};

async function start() {
  try {
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch {
    throw new Error("this browser, or the policy of this site, allows no WebAssembly.");
  }
  config = await (await ask(new URL("browser.json", here))).json();
  expect(config.runtime);
  python = await loadPyodide({
    indexURL: here.href,
    lockFileURL: new URL("lock.json", here).href,
    stdout: () => {},
    stderr: () => {},
    stdin: () => null, // nobody to ask: the end of the file
  });
  const archive = await (await ask(new URL("runner.zip", here))).arrayBuffer();
  python.unpackArchive(archive, "zip", { extractDir: "/home/pyodide" });
  python.registerJsModule("livefence_host", { show: (text) => say({ type: "output", id, text }) });
  runner = python.runPython(`
import json
from livefence_host import show
from livefence.browser.runner import Runner
Runner(show, ${JSON.stringify(config.style)}, json.loads(${JSON.stringify(JSON.stringify(config.colors))}), json.loads(${JSON.stringify(JSON.stringify(config.modules))}))
`);
}

function needed(names) {
  const found = new Set();
  const visit = (name) => {
    if (found.has(name) || !config.packages[name]) return;
    found.add(name);
    config.packages[name].depends.forEach(visit);
  };
  names.forEach(visit);
  return [...found];
}

async function load(names) {
  const wanted = needed(names).filter((name) => !(name in python.loadedPackages));
  if (!wanted.length) return;
  expect(wanted.map((name) => config.packages[name].file_name));
  await python.loadPackage(wanted, { messageCallback: () => {}, errorCallback: () => {} });
}

function imported(code) {
  const found = python.runPython("from pyodide.code import find_imports; find_imports")(code);
  const names = found.toJs();
  found.destroy();
  return names.flatMap((name) => owners(name));
}

const owners = (module) =>
  Object.keys(config.packages).filter((name) => config.packages[name].imports.includes(module));

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

async function run({ chain, blocks, prefix, alive, answer, solution, names: asked }) {
  await (python ? undefined : start());
  const names = new Set();
  for (const block of [...blocks, solution ?? ""]) for (const name of imported(block)) names.add(name);
  await load([...names]);
  for (;;) {
    say({ type: "running", id });
    python.setInterruptBuffer(signal(alive));
    let result;
    try {
      const list = python.toPy(asked ?? blocks);
      result = JSON.parse(asked ? runner.check(answer, solution, list) : runner.run(chain, list, prefix));
      list.destroy();
    } finally {
      python.setInterruptBuffer(undefined);
    }
    const missing = result.missing ? owners(result.missing) : [];
    const absent = needed(missing).filter((name) => !(name in python.loadedPackages));
    if (!absent.length) return result;
    await load(missing); // a library imports it, not the block itself
  }
}

self.onmessage = async ({ data }) => {
  id = data.id;
  try {
    const result = await run(data);
    const known = config.modules;
    say({ type: "done", id, known, ...result });
  } catch (error) {
    say({ type: "failed", id, text: String(error?.message ?? error) });
  }
};
