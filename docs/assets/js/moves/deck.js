// Slides: each ### below "Slides" becomes one; arrows go through them, N shows the
// notes, Escape ends. The sheet is the problems on paper, without their solutions.

const button = (words, press) => {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.addEventListener("click", press);
  return made;
};

/** The slides of an article: a section for each ### between "Slides" and the next ##. */
export function slides(article) {
  const first = article.querySelector("h2#slides");
  const found = [];
  let next = first?.nextElementSibling;
  while (next && next.tagName !== "H2") {
    const element = next;
    next = element.nextElementSibling;
    if (element.tagName === "H3") {
      const section = document.createElement("section");
      section.className = "mx-slide";
      section.setAttribute("aria-labelledby", element.id);
      element.before(section);
      found.push(section);
    }
    found.at(-1)?.append(element);
  }
  found.forEach((section, k) => {
    const count = document.createElement("span");
    count.className = "mx-count";
    count.textContent = `${k + 1} of ${found.length}`;
    section.prepend(section.firstElementChild, count);
  });
  return found;
}

export default function deck(box) {
  const article = box.closest("article");
  const all = slides(article);
  const root = document.documentElement;
  let now = 0;

  function show(k) {
    now = Math.min(Math.max(k, 0), all.length - 1);
    all.forEach((slide, i) => slide.classList.toggle("mx-now", i === now));
    all[now].tabIndex = -1;
    all[now].focus({ preventScroll: true });
    all[now].scrollTop = 0;
    again();
    requestAnimationFrame(() => requestAnimationFrame(again)); // what moves is drawn by then
  }

  /** A slide that is taller than the screen gets smaller, down to two thirds; where that
      is not enough, what a block prints stands beside it. */
  function fit(slide) {
    for (const beside of [false, true]) {
      slide.classList.toggle("mx-tight", beside);
      for (const size of [1, 0.88, 0.77, 0.67]) {
        slide.style.setProperty("--mx-fit", size);
        if (slide.scrollHeight <= slide.clientHeight + 2) return;
      }
    }
  }

  /** On, or back; first through what of the slide is beyond the screen. */
  function page(way) {
    const { scrollTop, scrollHeight, clientHeight } = all[now];
    const left = way > 0 ? scrollHeight - clientHeight - scrollTop : scrollTop;
    if (left > 2) all[now].scrollBy({ top: 0.8 * way * clientHeight });
    else show(now + way);
  }

  const bar = document.createElement("div");
  bar.className = "mx-deckbar";
  bar.append(
    button("Back", () => show(now - 1)),
    button("On", () => show(now + 1)),
    button("Notes", notes),
    button("End", () => end()),
  );

  const again = () => fit(all[now]);
  function notes() {
    const shown = root.classList.toggle("mx-notes");
    for (const note of article.querySelectorAll(".mx-slide details.note")) note.open = shown;
    again();
  }

  function end() {
    bar.remove();
    if (root.classList.contains("mx-notes")) notes();
    root.classList.remove("mx-show");
    document.removeEventListener("keydown", press);
    removeEventListener("resize", again);
    all[now].scrollIntoView();
  }

  function press(event) {
    if (event.target.closest?.("input, textarea, [contenteditable=true], .cm-editor")) return;
    if (event.key === " " && event.target.closest?.("button, summary, a")) return;
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    const pages = { PageDown: 1, ArrowDown: 1, " ": 1, PageUp: -1, ArrowUp: -1 };
    if (event.key in steps) show(now + steps[event.key]);
    else if (event.key in pages) page(pages[event.key]);
    else if (event.key === "Home" || event.key === "End") show(event.key === "Home" ? 0 : all.length - 1);
    else if (event.key === "n" || event.key === "N") notes();
    else if (event.key === "Escape" || !box.isConnected) end();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function present() {
    root.classList.add("mx-show");
    article.append(bar);
    document.addEventListener("keydown", press);
    addEventListener("resize", again);
    show(now);
  }

  function print(sheet) {
    for (const part of article.querySelectorAll("details")) part.open = !sheet;
    root.classList.toggle("mx-sheet", sheet);
    window.print();
    root.classList.remove("mx-sheet");
  }

  const words = document.createElement("p");
  words.textContent = "Arrow keys go on and back, Page Down first through a tall slide; N shows the notes, Escape ends.";
  box.replaceChildren(
    button("Present", present),
    button("Print the slides with notes", () => print(false)),
    button("Print the sheet of problems", () => print(true)),
    words,
  );
}
