// A drawing as wide as its box, in pixels of a page whose text has its usual size. Where
// the reader's is larger, so is the drawing's.

/** How much larger the page's text is than usual: 20 pixels a rem. */
export const scale = () => Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 20);

/** Draws by draw(width) now and whenever the svg's width changes, and returns what
    draws it again; tall(width) is its height. */
export function inPixels(svg, tall, draw) {
  let width = 0;
  function look() {
    const now = Math.round(svg.clientWidth / scale()) || 320;
    if (now === width) return;
    width = now;
    svg.setAttribute("viewBox", `0 0 ${width} ${tall(width)}`);
    svg.setAttribute("height", tall(width) * scale());
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
