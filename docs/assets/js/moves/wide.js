// A drawing in real pixels, as wide as its box: its text keeps the size of the page's.

/** Calls `draw(width)` now and whenever the width changes; what it returns is the height. */
export function wide(svg, draw) {
  let last = 0;
  const again = () => {
    last = Math.max(240, Math.round(svg.parentElement.clientWidth - padding(svg.parentElement)));
    const height = draw(last);
    svg.setAttribute("viewBox", `0 0 ${last} ${height}`);
    svg.style.height = `${height}px`;
  };
  const padding = (box) => {
    const style = getComputedStyle(box);
    return parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  };
  new ResizeObserver(() => {
    if (Math.abs(svg.parentElement.clientWidth - padding(svg.parentElement) - last) > 1) again();
  }).observe(svg.parentElement);
  again();
  return again;
}
