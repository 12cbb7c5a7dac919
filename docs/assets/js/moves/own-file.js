// A reader's own table: its columns drawn, components offered by the kind of value, and
// the lines of Python that fit them, which run in the block below. Nothing is sent.
// The table is read here too, as mx.read_csv reads it, so that a look at its columns
// does not wait for Python to be fetched; a test compares the two.

const SEPARATORS = [",", ";", "\t", "|"];
const GAPS = new Set(["", "NA", "N/A", "NaN", "nan", "null"]);
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const SHOWN = 40; // columns
const FEW = 30; // distinct counts, beyond which a normal is offered first

/** What a column of each kind is offered; the first is chosen. */
export const OFFERS = {
  words: ["Categorical"],
  "zeros and ones": ["Bernoulli", "Categorical"],
  counts: ["Poisson", "NegativeBinomial", "Normal"],
  "whole numbers": ["Normal", "StudentT", "Poisson", "NegativeBinomial"],
  "row numbers": ["Normal"],
  shares: ["Beta", "Normal"],
  "positive numbers": ["Normal", "LogNormal", "Gamma", "StudentT", "Weibull"],
  numbers: ["Normal", "StudentT", "Laplace"],
};

/** The cells of a CSV text, rows of strings. */
function cells(text, separator) {
  const rows = [];
  let row = [], cell = "", quoted = false;
  const endRow = () => {
    row.push(cell.trim());
    if (row.some(Boolean)) rows.push(row);
    [row, cell] = [[], ""];
  };
  for (let k = 0; k < text.length; k++) {
    const sign = text[k];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[k + 1] === '"') (cell += '"'), k++;
      else quoted = false;
    } else if (sign === '"' && !cell.trim()) (quoted = true), (cell = "");
    else if (sign === separator) row.push(cell.trim()), (cell = "");
    else if (sign === "\n" || sign === "\r") endRow();
    else cell += sign;
  }
  endRow();
  return rows;
}

function kind(values, words) {
  if (words) return "words";
  const distinct = new Set(values);
  const low = Math.min(...distinct), high = Math.max(...distinct);
  if ([...distinct].every((v) => v === 0 || v === 1)) return "zeros and ones";
  const whole = [...distinct].every(Number.isInteger);
  if (whole && distinct.size === values.length && values.length > 2 && high - low === values.length - 1) return "row numbers";
  if (whole) return low >= 0 && distinct.size <= FEW ? "counts" : low >= 0 ? "whole numbers" : "numbers";
  if (low > 0 && high < 1) return "shares";
  return low > 0 ? "positive numbers" : "numbers";
}

/** A table as it will be read: { rows, columns: [{ name, kind, gaps, values, offers }] }, or
 * a sentence that says why it cannot be. */
export function table(text) {
  const first = text.replace(/^\ufeff/, "").split(/\r?\n/).find((line) => line.trim()) ?? "";
  const count = (sign) => first.split(sign).length;
  const separator = SEPARATORS.reduce((best, sign) => (count(sign) > count(best) ? sign : best));
  const [head, ...rows] = cells(text.replace(/^\ufeff/, ""), separator);
  if (!head || !rows.length) return "The file needs a line of names, and rows below it.";
  const names = head.map((name, k) => name || `column ${k + 1}`);
  if (names.every((name) => NUMBER.test(name))) return `The first line must be the names of the columns, and holds numbers: ${names.slice(0, 4).join(", ")}.`;
  const odd = rows.findIndex((row) => row.length !== names.length);
  if (odd >= 0) return `Row ${odd + 1} has ${rows[odd].length} values, and the first line ${names.length} names.`;
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice) return `Two columns are called ${twice}: give each a name of its own.`;
  const columns = names.map((name, k) => {
    const found = rows.map((row) => row[k]).filter((cell) => !GAPS.has(cell));
    const plain = (cell) => (separator === "," ? cell : cell.replace(",", "."));
    const words = !found.every((cell) => NUMBER.test(plain(cell)));
    const values = words ? found : found.map((cell) => Number(plain(cell)));
    const what = found.length ? kind(values, words) : "nothing";
    const many = words && new Set(found).size > FEW;
    return { name, kind: what, gaps: rows.length - found.length, values, offers: many ? [] : (OFFERS[what] ?? []), many };
  });
  return { rows: rows.length, columns };
}

const quote = (text) => JSON.stringify(text);

/** The Python that fits the chosen columns, [{ name, family, words, gaps }]. */
export function written(file, chosen, K, together) {
  const normal = chosen.filter((each) => each.family === "Normal");
  const joined = together && normal.length > 1 ? normal : [];
  const numbers = chosen.filter((each) => !each.words);
  const [one] = chosen;
  const alone = chosen.length === 1 && !one.words;
  const needsNumpy = alone && one.gaps;
  const lines = [];
  if (numbers.length && !alone) lines.push("import matplotlib.pyplot as plt");
  if (needsNumpy) lines.push("import numpy as np");
  if (lines.length) lines.push("");
  lines.push("import mixnotes as mx", "", `data = mx.read_csv(${quote(file)})`);
  if (alone) {
    lines.push(`x = data[${quote(one.name)}]`);
    if (needsNumpy) lines.push("x = x[~np.isnan(x)]  # without the gaps");
    lines.push(`component = mx.${one.family}()`);
  } else {
    const names = chosen.map(({ name }) => `    ${quote(name)},`);
    lines.push("names = [", ...names, "]", "x = {name: data[name] for name in names}", "component = mx.Product({");
    if (joined.length) lines.push(`    (${joined.map(({ name }) => quote(name)).join(", ")}): mx.MultivariateNormal(),`);
    for (const each of chosen) if (!joined.includes(each)) lines.push(`    ${quote(each.name)}: mx.${each.family}(),`);
    lines.push("})");
  }
  if (K) lines.push(`fit = mx.em(mx.Mixture(${K} * [component]), x)`);
  else lines.push("found = mx.select(component, x, K=range(1, 6))", "print(found)", "fit = found.best.fit");
  lines.push("print(fit)");
  if (alone) lines.push("mx.plot.density(fit, x)");
  else if (numbers.length) {
    const [a, b] = numbers.map(({ name }) => quote(name));
    lines.push("", "z = fit.mixture.predict(x)", "for k in range(len(fit.mixture.weights)):");
    if (b) lines.push("    of = z == k", `    plt.plot(x[${a}][of], x[${b}][of], "o", ms=3, label=f"component {k + 1}")`);
    else lines.push(`    of = (z == k) & (x[${a}] == x[${a}])  # gaps are left out`, `    plt.hist(x[${a}][of], 20, alpha=0.6, label=f"component {k + 1}")`);
    lines.push(`plt.xlabel(${a})`, b ? `plt.ylabel(${b})` : 'plt.ylabel("rows")', "plt.legend()");
  }
  return lines.join("\n");
}

/** A small drawing of a column: how often its values are. */
function small({ kind: what, values }) {
  let counts;
  if (what === "words") {
    const found = new Map();
    for (const word of values) found.set(word, (found.get(word) ?? 0) + 1);
    counts = [...found.values()].sort((a, b) => b - a).slice(0, 12);
  } else {
    counts = Array(24).fill(0);
    let low = Infinity, high = -Infinity;
    for (const value of values) (low = Math.min(low, value)), (high = Math.max(high, value));
    for (const value of values) counts[Math.min(23, Math.floor((24 * (value - low)) / (high - low || 1)))]++;
  }
  const most = Math.max(1, ...counts), wide = 120 / Math.max(1, counts.length);
  const bars = counts.map((count, k) => `<rect x="${(k * wide).toFixed(1)}" y="${(36 - (34 * count) / most).toFixed(1)}" width="${(wide * 0.86).toFixed(1)}" height="${((34 * count) / most).toFixed(1)}"/>`);
  return `<svg viewBox="0 0 120 38" aria-hidden="true" fill="var(--mx-muted)">${bars.join("")}<path d="M0 37H120" stroke="var(--mx-ink)"/></svg>`;
}

const shown = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

export default function ownFile(box) {
  const block = document.querySelector("article .livefence[data-chain]");
  box.innerHTML = `
    <div><label class="mx-file"><input type="file" accept=".csv,.tsv,.txt,text/csv,text/plain"><span>Choose a CSV file</span></label></div>
    <p role="status" aria-live="polite">It is read in this browser, and sent nowhere.</p>
    <div class="mx-columns" hidden></div>
    <div class="mx-how" hidden>
      <label>How many components <select><option value="">1 to 5: the best by BIC</option>${[2, 3, 4, 5, 6, 7, 8].map((k) => `<option>${k}</option>`).join("")}</select></label>
      <label><input type="checkbox"> Normal columns vary together within a component</label>
      <button type="button">Write the code and run it</button>
    </div>`;
  const [input, status, columns, how] = ["input", "[role=status]", ".mx-columns", ".mx-how"].map((each) => box.querySelector(each));
  const [K, together, go] = ["select", "input", "button"].map((each) => how.querySelector(each));
  let name, bytes, found;

  function offer() {
    columns.innerHTML = found.columns.slice(0, SHOWN).map((column, k) => {
      const gaps = column.gaps ? `, ${column.gaps} gap${column.gaps > 1 ? "s" : ""}` : "";
      const which = column.offers.map((family) => `<option>${family}</option>`).join("");
      const choice = which ? `<select aria-label="Component of ${shown(column.name)}">${which}</select>` : `<span>${column.many ? "too many words" : "nothing to fit"}</span>`;
      return `<div class="mx-column"><label><input type="checkbox" value="${k}" ${which ? "" : "disabled"}> <b>${shown(column.name)}</b></label><span>${column.kind}${gaps}</span>${small(column)}${choice}</div>`;
    }).join("");
    const usable = [...columns.querySelectorAll("input:not([disabled])")];
    const numeric = usable.find((each) => !["words", "row numbers"].includes(found.columns[each.value].kind));
    if (numeric ?? usable[0]) (numeric ?? usable[0]).checked = true;
    columns.hidden = how.hidden = false;
    const left = found.columns.length - SHOWN;
    status.textContent = `${name}: ${found.rows.toLocaleString("en")} rows, ${found.columns.length} column${found.columns.length > 1 ? "s" : ""}${left > 0 ? `, of which the first ${SHOWN} are shown` : ""}. Choose one column or several.`;
    ready();
  }

  function chosen() {
    return [...columns.querySelectorAll("input:checked")].map((each) => {
      const { name: column, kind: what, gaps } = found.columns[each.value];
      return { name: column, words: what === "words", gaps, family: each.closest(".mx-column").querySelector("select").value };
    });
  }

  function ready() {
    const all = chosen();
    go.ariaDisabled = String(!all.length);
    together.closest("label").hidden = all.filter((each) => each.family === "Normal").length < 2;
  }

  input.onchange = async () => {
    const [file] = input.files;
    if (!file) return;
    bytes = new Uint8Array(await file.arrayBuffer());
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      text = new TextDecoder("windows-1252").decode(bytes);
      bytes = new TextEncoder().encode(text);
    }
    name = file.name;
    found = table(text);
    if (typeof found === "string") {
      columns.hidden = how.hidden = true;
      status.textContent = `${name} cannot be used yet. ${found}`;
    } else offer();
  };
  columns.addEventListener("change", ready);

  go.onclick = async () => {
    const all = chosen();
    if (!all.length) return;
    let parts;
    try {
      parts = await Promise.all(["cell.js", "python.js"].map((each) => import(new URL(`../../livefence/${each}`, import.meta.url))));
    } catch {
      status.textContent = "Python could not be had; this copy of the site may be without it, or you are offline.";
      return;
    }
    const [{ cells: known }, { give }] = parts;
    give(name, bytes);
    const cell = known.get(block);
    cell.put(written(name, all, K.value, together.checked), "Written for your file.");
    cell.run();
    block.scrollIntoView({ block: "start" });
  };
}
