// The things that move. Where scripts run, moves/NAME.js replaces the still content of
// <div class="mx-move" data-move="NAME" data-key="0.8" ...>: its default export is
// called with that element and its data as numbers, { key: 0.8, ... }. A page loads
// the moves it has, and no others. What stood still is kept for the printed page; with
// data-instead that is the figure before the element, which it takes the place of.

function instead(box) {
  let before = box.previousElementSibling;
  while (before && !before.matches("figure")) before = before.previousElementSibling;
  return before;
}

const begun = new WeakSet();

async function start() {
  for (const box of document.querySelectorAll(".mx-move")) {
    if (begun.has(box)) continue;
    begun.add(box);
    const { move, ...data } = box.dataset;
    const numbers = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, +value]));
    const { default: enliven } = await import(`./moves/${move}.js`);
    const still = document.createElement("div");
    still.className = "mx-move__still";
    still.hidden = true;
    still.append(...box.cloneNode(true).childNodes);
    enliven(box, numbers);
    box.dataset.live = ""; // from now on it moves
    if ("instead" in data) instead(box)?.classList.add("mx-instead");
    else box.append(still);
  }
}

if (globalThis.document$) document$.subscribe(start);
else start();
