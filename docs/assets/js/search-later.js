// Material asks for the index of the search on every page. Here the request waits for
// a reader who turns to the search; a page that nobody searches is lighter by it.
(() => {
  const { open, send } = XMLHttpRequest.prototype;
  const waits = new WeakSet();
  const turned = new Promise((resolve) => {
    if (new URLSearchParams(location.search).has("q")) resolve();
    const watch = ({ target }) => target.closest?.('[data-md-component="search"], [for="__search"]') && resolve();
    for (const event of ["focusin", "pointerdown"]) addEventListener(event, watch, true);
  });
  window.mxTurnedToSearch = turned; // search-words.js waits for it, too
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    if (String(url).endsWith("/search/search_index.json")) waits.add(this);
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (...body) {
    if (!waits.has(this)) return send.apply(this, body);
    turned.then(() => send.apply(this, body));
  };
})();
