// A symbol in a formula, its name in the code and what it is in the picture light up
// together: pointed at, touched, or chosen by keyboard in the list at the head of the
// chapter. And a term of the glossary shows what it means. Nothing of it is needed to read.

const bare = (element) => element.textContent.replace(/[\u200b\u2061\s]/g, "");
const lights = (names, on) => {
  for (const name of names) {
    for (const element of document.querySelectorAll(`[data-tie~="${CSS.escape(name)}"]`)) {
      element.classList.toggle("mx-lit", on);
    }
  }
};

/** Whether this is the symbol with a power: of the sd with an index, the variance. */
const raised = (mord, wanted) => {
  const [base, more] = mord.children;
  return Boolean(more?.matches(".msupsub")) && [...more.querySelectorAll(".vlist > span")].some((each) => bare(each) && bare(base) + bare(each) === wanted);
};

/** The parts of a formula that are the symbol in a row, as those of g_k(x) are. */
function inARow(formula, wanted) {
  const found = [];
  for (const parent of formula.querySelectorAll("*")) {
    const parts = [...parent.children];
    for (let first = 0; first < parts.length; first++) {
      let [text, last] = ["", first];
      while (last < parts.length && text !== wanted && wanted.startsWith(text)) text += bare(parts[last++]);
      if (text === wanted && last - first > 1 && bare(parts[first])) found.push(...parts.slice(first, last).filter(bare));
    }
  }
  return found;
}

/** Find what belongs to a symbol of the list. */
function tie(item, article) {
  const { tie: name, code } = item.dataset;
  const color = item.style.getPropertyValue("--mx-tie");
  const belongs = (element) => {
    element.dataset.tie = [...new Set([...(element.dataset.tie ?? "").split(" "), name])].join(" ").trim();
    element.style.setProperty("--mx-tie", color);
  };
  const symbol = item.querySelector(".katex-html");
  if (symbol) {
    const wanted = bare(symbol);
    const longer = [...article.querySelectorAll(".mx-tie .katex-html")].map(bare).filter((each) => each !== wanted);
    // of I and I_c, the I of I_c is a part of the latter alone
    const ofLonger = (each) => longer.includes(bare(each.parentElement.closest(".mord") ?? each));
    for (const formula of article.querySelectorAll(".katex-html")) {
      const same = [...formula.querySelectorAll(".mord")].filter((each) => bare(each) === wanted || raised(each, wanted));
      if (!same.length) inARow(formula, wanted).forEach(belongs);
      same.filter((each) => !ofLonger(each) && !same.some((other) => other !== each && other.contains(each))).forEach(belongs);
    }
  }
  const names = new Set(code.split(" ").filter(Boolean));
  for (const word of article.querySelectorAll("pre code .n, p code, li code, td code")) {
    if (names.has(word.textContent) && !word.closest(".mx-ties")) belongs(word);
  }
  for (const part of article.querySelectorAll(`.livefence-figure [id$="tie-${name}"], .livefence-figure [id*="tie-${name}-"]`)) belongs(part);
}

let pinned = [];
const named = (target) => target.closest?.("article [data-tie]")?.dataset.tie.split(" ").filter(Boolean) ?? [];

/** Keep these lit, or none where they were. */
function pin(names) {
  const again = names.every((name) => pinned.includes(name));
  lights(pinned, false);
  pinned = again ? [] : names;
  for (const item of document.querySelectorAll(".mx-tie")) item.ariaPressed = String(pinned.includes(item.dataset.tie));
  lights(pinned, true);
}

function listen() {
  document.addEventListener("pointerover", ({ target }) => lights(named(target), true));
  document.addEventListener("pointerout", ({ target }) => {
    lights(named(target).filter((name) => !pinned.includes(name)), false);
  });
  document.addEventListener("focusin", ({ target }) => target.matches?.(".mx-tie") && lights(named(target), true));
  document.addEventListener("focusout", ({ target }) => {
    if (target.matches?.(".mx-tie")) lights(named(target).filter((name) => !pinned.includes(name)), false);
  });
  document.addEventListener("click", ({ target, pointerType }) => {
    const item = target.closest?.(".mx-tie");
    const touched = pointerType === "touch" && !target.closest?.("a, button, input, label, summary, .mx-move");
    if (item || touched) pin(named(item ?? target));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (!event.target.matches?.(".mx-tie") || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    pin(named(event.target));
  });
}

// ---------------------------------------------------------------------- the glossary

const terms = "article a[href*='notation/#']";
const pages = new Map(); // address of the page -> its document, once asked for
let card, shown;

function meaning(link) {
  const address = link.href.split("#")[0];
  if (!pages.has(address)) {
    const read = fetch(address).then((response) => (response.ok ? response.text() : Promise.reject()));
    pages.set(address, read.then((text) => new DOMParser().parseFromString(text, "text/html")));
  }
  return pages.get(address).then((page) => {
    const found = [];
    let next = page.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!next?.matches("h3")) return null;
    while ((next = next.nextElementSibling) && next.matches("p")) found.push(document.importNode(next, true));
    return found.length ? found : null;
  });
}

async function show(link, touched = false) {
  shown = link;
  const words = await meaning(link).catch(() => null);
  if (shown !== link) return;
  if (!words) {
    if (touched) link.click(); // no meaning to show: to its page
    return;
  }
  card?.remove();
  card = document.createElement("div");
  card.className = "mx-card md-typeset";
  card.role = "tooltip";
  card.id = "mx-card";
  for (const part of words) {
    part.querySelectorAll("a").forEach((each) => each.replaceWith(...each.childNodes));
    card.append(part);
  }
  if (touched) card.append(Object.assign(document.createElement("p"), { className: "mx-more", textContent: "Touch the word again for its page." }));
  document.body.append(card);
  for (const tex of card.querySelectorAll("annotation")) {
    globalThis.katex?.render(tex.textContent, tex.closest(".arithmatex"), { throwOnError: false });
  }
  const place = link.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const above = place.bottom + height + 12 > innerHeight && place.top > height + 12;
  card.style.left = `${scrollX + Math.max(8, Math.min(place.left, document.documentElement.clientWidth - width - 8))}px`;
  card.style.top = `${scrollY + (above ? place.top - height - 4 : place.bottom + 4)}px`;
  link.setAttribute("aria-describedby", card.id);
}

function hide() {
  shown?.removeAttribute("aria-describedby");
  shown = undefined;
  card?.remove();
  card = undefined;
}

function cards() {
  let waiting;
  const leave = () => (clearTimeout(waiting), (waiting = setTimeout(hide, 250)));
  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "touch") return;
    const link = target.closest?.(terms);
    if (link || target.closest?.(".mx-card")) clearTimeout(waiting);
    if (link && link !== shown) waiting = setTimeout(() => (hide(), show(link)), 150);
  });
  document.addEventListener("pointerout", ({ target, pointerType }) => {
    if (pointerType !== "touch" && target.closest?.(`${terms}, .mx-card`)) leave();
  });
  // A finger asks for the meaning first, and with a second touch for the page.
  document.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || event.target.closest?.(".mx-card")) return;
    const link = event.target.closest?.(terms);
    const second = link && link === shown && card;
    clearTimeout(waiting); // of the focus that left with this touch
    hide();
    if (!link || second) return;
    event.preventDefault();
    event.stopPropagation();
    show(link, true);
  }, true);
  document.addEventListener("focusin", ({ target }) => target.matches?.(terms) && target.matches(":focus-visible") && (clearTimeout(waiting), hide(), show(target)));
  document.addEventListener("focusout", ({ target }) => target.matches?.(terms) && leave());
}

// ------------------------------------------------------------ exercises that are done

function count() {
  for (const line of document.querySelectorAll(".mx-done")) {
    const all = Number(line.dataset.exercises);
    const done = document.querySelectorAll("article .livefence-tick").length;
    line.textContent = done ? `${all} exercises, ${done === all ? "all" : done} solved` : `${all} exercises`;
  }
}

/** On the landing page, beside each chapter: what this browser keeps of its exercises. */
function tally() {
  for (const link of document.querySelectorAll(".mx-landing ~ * td a[href*='chapters/']")) {
    let solved = 0;
    try {
      solved = Object.keys(JSON.parse(localStorage.getItem(`livefence:right:${link.pathname}`) ?? "{}")).length;
    } catch {} // a browser that keeps nothing
    if (!solved || link.nextElementSibling) continue;
    const told = document.createElement("span");
    told.className = "mx-solved";
    told.textContent = `${solved} solved`;
    link.after(" ", told);
  }
}

function start() {
  hide();
  pinned = [];
  const article = document.querySelector("article");
  for (const item of article?.querySelectorAll(".mx-tie") ?? []) {
    item.tabIndex = 0;
    item.role = "button";
    item.parentElement.role = "group"; // of buttons, no list any more
    item.ariaPressed = "false";
    tie(item, article);
  }
  count();
  tally();
}

listen();
cards();
document.addEventListener("livefence-ticked", count);
if (globalThis.document$) document$.subscribe(start);
else start();
