// What the moving things share.

/** A spot of one of the book's colours: red, blue, or the number of a component. */
export const dot = (name, square = "") =>
  `<span class="mx-swatch ${square && "mx-swatch--square"}" style="background:var(--mx-${name})"></span>`;

/** A text with the minus sign of the page in place of each hyphen. */
export const minus = (text) => String(text).replaceAll("-", "−");

const hints = new Map(); // of each drawing that can be dragged

/** Lets a finger on a drawing, or a pressed mouse, move a slider: value(x, y) is the
    slider's value at a place in the drawing's units. taken(x, y) says where it may begin.
    Words below the slider say what can be dragged, until it was once. */
export function pull(svg, slider, value, taken = () => true, what = "in the picture") {
  svg.style.touchAction = "pan-y"; // up and down, the page goes on
  if (!hints.has(svg)) {
    const hint = Object.assign(document.createElement("small"), { textContent: `You can drag ${what}, too.`, ariaHidden: "true" });
    slider.closest("label").after(hint);
    hints.set(svg, hint);
  }
  let held = false;
  const say = (name) => slider.dispatchEvent(new Event(name, { bubbles: true }));
  const follow = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    if (event.type === "pointerdown") held = taken(x, y);
    else if (event.type === "pointermove" && !event.buttons) svg.style.cursor = taken(x, y) ? "ew-resize" : "";
    if (!held || !event.buttons) return;
    hints.get(svg).remove();
    slider.valueAsNumber = value(x, y);
    say("input");
  };
  const letGo = () => {
    if (held) say("change");
    held = false;
  };
  svg.addEventListener("pointerdown", follow);
  svg.addEventListener("pointermove", follow);
  svg.addEventListener("pointerup", letGo);
  svg.addEventListener("pointercancel", letGo);
}

/** How wide a drawing in real pixels is. */
export const widthOf = (svg) => svg.viewBox.baseVal.width;
