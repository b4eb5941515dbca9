// Making and updating elements. Data becomes text or attribute values here, and never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

// An element: `el("a", {href, class, on: {click}}, "text", child)`. What is null is left out.
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Text is written only where it has changed: a screen reader hears it otherwise again.
export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

export function show(element, isShown) {
  if (element.hidden === isShown) element.hidden = !isShown;
}

// Shows a message, or nothing.
export function note(element, message) {
  setText(element, message || "");
  show(element, Boolean(message));
}

// Makes the children of `parent` those of `items`, and keeps the elements that there are already:
// focus and open details stay. `make(item)` makes an element, `update(element, item)` fills it.
export function keyed(parent, items, keyOf, { make, update }) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = old.get(key);
    if (element) {
      old.delete(key);
    } else {
      element = make(item);
      element.dataset.key = key;
    }
    update?.(element, item);
    if (element === before) before = before.nextElementSibling;
    else parent.insertBefore(element, before);
  }
  for (const element of old.values()) element.remove();
}

let silence = 0;

// Says what was done, to be seen and heard.
export function say(message) {
  const place = byId("said");
  clearTimeout(silence);
  place.textContent = message;
  silence = setTimeout(() => (place.textContent = ""), 6000);
}

const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

// 12,345 and 0.25; three digits that count where it is no whole number.
export function number(value) {
  if (value === null || value === undefined) return "–";
  return (Number.isInteger(value) || value >= 1000 ? WHOLE : SHORT).format(
    value >= 1000 ? Math.round(value) : value,
  );
}

export function milliseconds(value) {
  if (value === null || value === undefined) return "–";
  return value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}
