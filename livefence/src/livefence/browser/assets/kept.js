// What a reader leaves in this browser, and what a link brings: edits of blocks, and
// exercises that were answered. All of it is text, and none of it runs by itself.
const NAME = "livefence";
const MARK = "#run=";
const MOST = 60_000; // characters that a link may bring, unpacked

/** A name for the code of a block as the page has it: an edit belongs to that. */
export function named(text) {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (const sign of text) {
    a = Math.imul(a ^ sign.codePointAt(0), 2654435761);
    b = Math.imul(b ^ sign.codePointAt(0), 1597334677);
  }
  return ((a >>> 0).toString(36) + (b >>> 0).toString(36)).padStart(10, "0");
}

const place = (what) => `${NAME}:${what}:${location.pathname}`;

/** What is kept of this page: an object of strings. Storage that is forbidden, full or
 * filled by others keeps nothing. */
export function read(what) {
  try {
    const found = JSON.parse(localStorage.getItem(place(what)) ?? "{}");
    return Object.fromEntries(Object.entries(found).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}

/** Keep a text under a name, or let it go; false where nothing can be kept. */
export function keep(what, name, text) {
  const all = read(what);
  if (text === undefined) delete all[name];
  else all[name] = text;
  try {
    if (Object.keys(all).length) localStorage.setItem(place(what), JSON.stringify(all));
    else localStorage.removeItem(place(what));
    return true;
  } catch {
    return false;
  }
}

async function through(stream, bytes, most = Infinity) {
  const writer = stream.writable.getWriter();
  const written = writer.write(bytes).then(() => writer.close());
  written.catch(() => {}); // told by the reader below
  const pieces = [];
  let length = 0;
  const reader = stream.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) throw new RangeError("too long");
    pieces.push(value);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** The edits as the end of an address. */
export async function packed(edits) {
  const text = new TextEncoder().encode(JSON.stringify(Object.entries(edits)));
  const bytes = await through(new CompressionStream("deflate-raw"), text);
  const signs = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return MARK + signs.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The edits that an address brings; null where it brings none, an empty object where
 * what it brings cannot be read. */
export async function unpacked(hash) {
  if (!hash.startsWith(MARK)) return null;
  try {
    const signs = hash.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(signs), (sign) => sign.charCodeAt(0));
    const text = await through(new DecompressionStream("deflate-raw"), bytes, MOST);
    const found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
    const pairs = found.filter((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((each) => typeof each === "string"));
    return Object.fromEntries(pairs.map(([name, code]) => [name, code.replace(/\r\n?/g, "\n")]));
  } catch {
    return {};
  }
}
