// Answers for the pages of the site: what was read, and Run once it was used, can be had
// again without a connection. Nothing is fetched that the reader has not asked for.
const PAGES = "livefence-pages";
const RUN = "livefence-run";
const KEPT = new Set(KEPT_FOR_RUN.map((name) => new URL(name, registration.scope).href)); // never other content by one name
const MOST = 300; // pages and their parts

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) => event.waitUntil(tidy().then(() => clients.claim())));

/** What belongs to an older build goes. */
async function tidy() {
  const run = await caches.open(RUN);
  for (const request of await run.keys()) if (!KEPT.has(request.url)) await run.delete(request);
  const pages = await caches.open(PAGES);
  const all = await pages.keys();
  for (const request of all.slice(0, Math.max(0, all.length - MOST))) await pages.delete(request);
}

const ours = (url) => url.startsWith(registration.scope);
const bare = (url) => url.split(/[?#]/)[0];

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !ours(request.url)) return;
  event.respondWith(KEPT.has(bare(request.url)) ? once(request) : again(request));
});

/** Python and its packages: from the cache, where they are there. */
async function once(request) {
  const cache = await caches.open(RUN);
  const kept = request.cache === "reload" ? undefined : await cache.match(bare(request.url));
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200) await store(cache, request.url, response);
  return response;
}

/** Everything else: as it is now, and where that cannot be had, as it was. */
async function again(request) {
  const cache = await caches.open(PAGES);
  try {
    const response = await fetch(request);
    if (response.status === 200) await store(cache, request.url, response);
    return response;
  } catch (error) {
    const kept = await cache.match(bare(request.url));
    if (kept) return kept;
    if (request.mode === "navigate") return unread();
    throw error;
  }
}

/** Storage that is full keeps nothing, and the page comes all the same. */
async function store(cache, url, response) {
  if (response.redirected) return; // no page can be answered by such a one
  await cache.put(bare(url), response.clone()).catch(() => {});
}

function unread() {
  const page = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Offline</title><h1>You are offline</h1><p>This page was not read before, so that it was not kept. Those that you have read are there.</p></html>';
  return new Response(page, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

// What was read before this script was there: the page says what that was.
addEventListener("message", (event) => event.waitUntil(seen((event.data?.read ?? []).filter(ours))));

async function seen(read) {
  for (const url of new Set(read.map(bare))) {
    const cache = await caches.open(KEPT.has(url) ? RUN : PAGES);
    const response = await fetch(url, { cache: "force-cache" }).catch(() => undefined);
    if (response?.status === 200) await store(cache, url, response);
  }
}
