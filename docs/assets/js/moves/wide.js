// A drawing in real pixels, as wide as its place: its text keeps the size of the page's.

/** Calls `draw(width)` now and whenever the width changes; what it returns is the height. */
export function wide(svg, draw) {
  let last = 0;
  const width = () => Math.max(240, Math.round(svg.clientWidth));
  const again = () => {
    last = width();
    const height = draw(last);
    svg.setAttribute("viewBox", `0 0 ${last} ${height}`);
    svg.style.height = `${height}px`;
  };
  new ResizeObserver(() => {
    if (Math.abs(width() - last) > 1) again();
  }).observe(svg);
  again();
  return again;
}
