// Formulas, and a tab stop for whatever scrolls sideways. Runs again after each
// instant navigation, which replaces the article but not the scripts.
(() => {
  function typeset(article) {
    for (const formula of article.querySelectorAll(".arithmatex")) {
      const tex = formula.querySelector("annotation")?.textContent ?? formula.textContent.trim().slice(2, -2);
      katex.render(tex, formula, { displayMode: formula.matches("div"), throwOnError: false });
    }
  }

  // A formula that is short enough for any screen is not broken between two lines, nor
  // parted from the comma after it.
  function keepWhole(article) {
    for (const formula of article.querySelectorAll("span.arithmatex")) {
      const tex = formula.querySelector("annotation")?.textContent ?? "";
      const signs = tex.replace(/\\[a-z]+/gi, "x").replace(/[\s{}^_\\]/g, "").length;
      if (signs > 24) continue;
      const after = formula.nextSibling;
      const tail = after?.nodeType === Node.TEXT_NODE ? after.data.match(/^[.,;:!?)’”"']*/)[0] : "";
      formula.classList.add("mx-whole");
      if (!tail) continue;
      after.data = after.data.slice(tail.length);
      formula.append(tail);
    }
  }

  // Only a box that overflows is a stop: a keyboard reader should not have to
  // pass through every formula and listing of a page.
  const mayScroll = ".katex-display, .md-typeset pre > code, .md-typeset pre, .md-typeset__scrollwrap, .md-typeset__table";
  const named = { "katex-display": "Formula", "md-typeset__scrollwrap": "Table" };

  function mark(box) {
    const sideways = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
    const long = box.style.maxHeight !== "" && box.scrollHeight > box.clientHeight + 1;
    const scrolls = sideways || long;
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    if (!(box.classList[0] in named)) return;
    if (scrolls) {
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", `${named[box.classList[0]]}, scrolls sideways`);
    } else {
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  }

  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  // A font that comes later widens what is in a box, and not the box.
  document.fonts.addEventListener("loadingdone", () => {
    document.querySelectorAll("article").forEach((article) => article.querySelectorAll(mayScroll).forEach(mark));
  });

  // In the drawer of a phone the titles of sections are the way in and out; on a
  // wide screen they are plain headings.
  const drawer = matchMedia("(max-width: 76.234375em)");

  function markSections() {
    for (const label of document.querySelectorAll(".md-nav__item--section > label, .md-nav__item--section > .md-nav > .md-nav__title")) {
      if (drawer.matches) label.tabIndex = 0;
      else label.removeAttribute("tabindex");
    }
  }

  drawer.addEventListener("change", markSections);

  function start() {
    markSections();
    const article = document.querySelector("article");
    if (!article) return;
    typeset(article);
    keepWhole(article);
    for (const code of article.querySelectorAll(".highlight pre > code")) {
      code.classList.toggle("mx-one-line", !code.textContent.trimEnd().includes("\n"));
    }
    sizes.disconnect();
    article.querySelectorAll(mayScroll).forEach((box) => sizes.observe(box));
  }

  // The search shows passages of the pages, formulas and all.
  const results = document.querySelector(".md-search-result__list");
  const delimiters = [
    { left: "\\[", right: "\\]", display: true },
    { left: "\\(", right: "\\)", display: false },
  ];
  // What typesetting itself changes is not a new result: a formula that the excerpt
  // cuts in two would otherwise be tried again for ever.
  if (results) {
    const seen = new MutationObserver(() => {
      renderMathInElement(results, { delimiters, throwOnError: false });
      seen.takeRecords();
    });
    seen.observe(results, { childList: true, subtree: true });
  }

  // What is copied runs alone: a block that continues others brings them along.
  const withItsChain = ({ target }) => {
    const button = target.closest?.("button[data-clipboard-target]");
    const box = button?.closest("[data-copy], [data-chain]");
    if (!box) return;
    const same = `[data-chain="${CSS.escape(box.dataset.chain ?? "")}"]`;
    const chain = [...box.closest("article").querySelectorAll(same)];
    const upTo = [...chain.slice(0, chain.indexOf(box)), box];
    const codes = upTo.map((each) => (each.dataset.copy ?? each.querySelector("code").textContent).trim());
    button.dataset.clipboardText = `${codes.filter(Boolean).join("\n\n")}\n`;
    if (upTo.length === 1) return;
    button.title = "Copy, with the blocks that this one continues";
    button.setAttribute("aria-label", button.title);
  };
  for (const type of ["pointerover", "focusin", "click"]) {
    document.addEventListener(type, withItsChain, true);
  }

  // A page that is not there: its address has the words to search for.
  const lost = document.querySelector("a.mx-lost");
  if (lost) {
    const parts = location.pathname.split("/").filter(Boolean).slice(1);
    const words = parts.join(" ").replace(/\.html?$/, "").replace(/[^\p{L}\p{N}]+/gu, " ");
    const few = words.trim().slice(0, 80);
    if (few) {
      lost.href += encodeURIComponent(few);
      lost.textContent = `Search the book for “${few}”`;
    }
  }

  document$.subscribe(start);
})();
