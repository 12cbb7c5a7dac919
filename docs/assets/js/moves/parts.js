// What the moving things share.

/** A spot of one of the book's colours: red, blue, or the number of a component. */
export const dot = (name, square = "") =>
  `<span class="mx-swatch ${square && "mx-swatch--square"}" style="background:var(--mx-${name})"></span>`;

/** A text with the minus sign of the page in place of each hyphen. */
export const minus = (text) => String(text).replaceAll("-", "−");
