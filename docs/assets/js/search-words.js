// What a reader types and what the search finds, between the box and Material's worker.
// A word is looked for by its beginning without its ending; a page that has the query
// itself among its words (`tags` in its front matter) or as its title comes first; and
// results stand in groups: the book, recipes, the reference.
(() => {
  const QUERY = 2, RESULT = 3; // kinds of messages, as the worker has them
  const base = new URL("../../", document.currentScript.src).href;
  const SHOWN = 4; // of each group, before what is left of all
  const groups = [
    [/^chapters\//, "The book"],
    [/^your-data\//, "Your data"],
    [/^labs\//, "Labs"],
    [/^reference\//, "API"],
  ];
  let asked = ""; // the query, plain
  let code = false; // and whether it is written as code
  let heads = new Map(); // address of a page -> the group that begins with it

  const group = (location) => groups.find(([start]) => start.test(location))?.[1] ?? "Other pages";
  const SMALL = /^(an?|and|are|can|do|does|for|how|i|in|is|it|my|of|on|or|the|to|what|when|why|with)$/i;
  const CODE = /^(mx|mixnotes)\.|\(\)?$/g; // around the name of an object

  /** Without what makes no difference: mx.em(), "E-step" and "e step". */
  const plain = (text) =>
    text.replace(/<[^>]*>|['’]/g, "").trim().replace(CODE, "").replace(/[-_\s]+/g, " ").toLowerCase();

  /** The beginning that the forms of a word share. */
  function stem(word) {
    if (!/^[a-z]{6,}$/i.test(word)) return word;
    const cut = word.replace(/(ies|y)$/i, "").replace(/(?<=[^su])s$/i, "");
    const verb = cut.replace(/(ing|ed)$/i, "").replace(/(.)\1$/, "$1");
    return verb.length >= 5 ? verb : cut;
  }

  /** What is looked for: words that say something, each by its beginning. */
  function wanted(query) {
    const words = query.split(/\s+/);
    const telling = words.filter((word) => !SMALL.test(word));
    return (telling.length ? telling : words).join(" ").replace(/[a-z]+/gi, stem);
  }

  function rank(item) {
    const page = item.find(({ location }) => !location.includes("#"));
    if (!page) return 0;
    const named = ({ title }) => plain(title).replaceAll(" ", "") === asked.replaceAll(" ", "");
    const name = named(page);
    if (code && name && page.location.startsWith("reference/")) return 3;
    return page.tags?.some((tag) => plain(tag) === asked) ? 2 : Number(item.some(named));
  }

  /** The results in groups, the group of the best first. */
  function grouped(items) {
    const found = items.map((item) => ({ item, rank: rank(item) })).sort((a, b) => b.rank - a.rank);
    const shown = new Map();
    const rest = [];
    for (const { item } of found) {
      const name = group(item[0].location);
      if (!shown.has(name)) shown.set(name, []);
      (shown.get(name).length < SHOWN ? shown.get(name) : rest).push(item);
    }
    if (rest.length) shown.set("More", rest);
    heads = new Map();
    for (const [name, [first]] of shown) heads.set(base + first[0].location.split("#")[0], name);
    const best = Math.max(0, ...items.flat().map(({ score }) => score));
    return [...shown.values()].flat().map((item, place) =>
      // Enter opens what has the highest score: that must be the first.
      item.map(({ tags, score, ...entry }) => ({ ...entry, score: place ? score : score + best })),
    );
  }

  const RealWorker = window.Worker;

  /** Material's worker of the search: it begins when a reader turns to the search. */
  class SearchWorker extends EventTarget {
    constructor(...given) {
      super();
      this.waiting = [];
      window.mxTurnedToSearch.then(() => {
        this.worker = new RealWorker(...given);
        this.worker.addEventListener("message", ({ data }) => this.tell(data));
        this.waiting.forEach((sent) => this.worker.postMessage(...sent));
      });
    }

    postMessage(message, ...rest) {
      let sent = message;
      if (message.type === QUERY) {
        asked = plain(message.data);
        code = message.data.includes("_") || message.data.trim().search(CODE) >= 0;
        sent = { ...message, data: wanted(message.data) };
      }
      if (this.worker) this.worker.postMessage(sent, ...rest);
      else this.waiting.push([sent, ...rest]);
    }

    tell(message) {
      let data = message;
      if (message.type === RESULT) data = { ...message, data: { ...message.data, items: grouped(message.data.items) } };
      this.dispatchEvent(new MessageEvent("message", { data }));
    }
  }

  window.Worker = class extends RealWorker {
    constructor(url, ...rest) {
      if (/\/workers\/search\./.test(url)) return new SearchWorker(url, ...rest);
      super(url, ...rest);
    }
  };

  // Material adds results as the reader scrolls; a group gets its name when its first comes.
  document.addEventListener("DOMContentLoaded", () => {
    const list = document.querySelector(".md-search-result__list");
    if (!list) return;
    new MutationObserver((changes) => {
      for (const added of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
        const link = added.querySelector?.(".md-search-result__link");
        const name = link && heads.get(link.href.split(/[?#]/)[0]);
        if (!name) continue;
        const head = document.createElement("li");
        head.className = "mx-search-group";
        head.textContent = name;
        added.before(head);
      }
    }).observe(list, { childList: true });
  });
})();
