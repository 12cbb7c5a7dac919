// A drawing as wide as its box, in pixels of a page whose text has its usual size. Where
// the reader's is larger, so is the drawing's.

const NARROW = 440; // pixels: up to that width all of it is needed to draw in
const [LEAST, MOST] = [8 / 7, 1.2]; // letters of 16 pixels, and of 17 where there is room

/** How much larger than it is drawn a drawing is in a box as wide as this one: as the
    page's text is, and in a wide box more. */
export function scale(box) {
  const root = document.documentElement;
  const text = Math.max(1, parseFloat(getComputedStyle(root).fontSize) / 20);
  const most = root.classList.contains("mx-show") ? 1 : MOST; // a slide has no height to spare
  return text * Math.min(Math.max(LEAST, box.clientWidth / text / NARROW), most);
}

/** Draws by draw(width) now and whenever the svg's width changes, and returns what
    draws it again; tall(width) is its height. */
export function inPixels(svg, tall, draw) {
  let width = 0;
  function look() {
    const grown = scale(svg);
    const now = Math.round(svg.clientWidth / grown) || 320;
    if (now === width) return;
    width = now;
    svg.setAttribute("viewBox", `0 0 ${width} ${tall(width)}`);
    svg.setAttribute("height", tall(width) * grown);
    draw(width);
  }
  svg.setAttribute("preserveAspectRatio", "xMidYMid");
  look();
  new ResizeObserver(look).observe(svg);
  return () => draw(width);
}

/** A rim of paper around words that something may cross. */
export const HALO = 'paint-order="stroke" stroke="var(--mx-paper)" stroke-width="4" stroke-linejoin="round"';

/** Words in a drawing, with a rim of paper where they cross a line. */
export const words = (x, y, text, { anchor = "middle", color = "ink", tie = "" } = {}) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" style="fill:var(--mx-${color})" ${HALO}${tie && ` data-tie="${tie}"`}>${text}</text>`;

/** "x0 y0Lx1 y1L...", the points of a path. */
export const points = (grid, X, Y) => grid.map((v) => `${X(v).toFixed(1)} ${Y(v).toFixed(1)}`).join("L");
