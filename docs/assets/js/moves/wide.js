// A drawing as wide as its place, whose height follows from what is drawn.

import { scale } from "./picture.js";

/** Calls `draw(width)` now and whenever the width changes; what it returns is the height. */
export function wide(svg, draw) {
  let last = 0;
  const width = () => Math.max(240, Math.round(svg.clientWidth / scale(svg)));
  const again = () => {
    last = width();
    const height = draw(last);
    svg.setAttribute("viewBox", `0 0 ${last} ${height}`);
    svg.style.height = `${height * scale(svg)}px`;
  };
  new ResizeObserver(() => {
    if (Math.abs(width() - last) > 1) again();
  }).observe(svg);
  again();
  return again;
}
