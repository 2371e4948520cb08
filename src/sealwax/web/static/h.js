// @ts-check
/** Builds elements. Text is only ever text: nothing here takes markup. */

const AS_PROPERTY = new Set(["value", "checked", "disabled", "hidden", "tabIndex", "className", "htmlFor", "selected"]);
const NEVER = new Set(["innerHTML", "outerHTML", "srcdoc", "style"]);

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @param {string} tag
 * @param {Record<string, any> | null} [props] attributes; `onclick` and the like listen
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false || NEVER.has(name)) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (AS_PROPERTY.has(name)) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  return fill(element, ...children);
}

/**
 * Puts children into an element, after those that it has.
 * @param {any} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** A sentence with the commands in it set apart: they stand between backticks. @param {string} text @returns {Child[]} */
export const coded = (text) => text.split("`").map((part, at) => at % 2 ? h("code", null, part) : part);

const PATHS = /** @type {Record<string, string>} */ ({
  messages: "M4 5h16v11H9l-5 4z",
  snapshots: "M12 4a8 8 0 1 1-7.400 5M4 4v5h5M12 8v4.500l3 2",
  devices: "M3 5h13v10H3zM1.500 18.500h13M18 9h4.500v10H18z",
  health: "M12 3l7.500 3v5.500c0 4.500-3 8-7.500 9.500-4.500-1.500-7.500-5-7.500-9.500V6zM8.500 12l2.500 2.500 4.500-5",
  trash: "M4.500 6.500h15M9.500 6V4h5v2M6.500 6.500l1 13.500h9l1-13.500",
  search: "M10.500 4a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zM15.500 15.500L20.500 20.500",
  back: "M14.500 5L7.500 12l7 7",
  close: "M6 6l12 12M18 6L6 18",
  restore: "M4 12a8 8 0 1 0 2.500-5.800M4 4v4.500h4.500",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400",
  moon: "M19.500 14.500A8 8 0 1 1 9.500 4.500a6.500 6.500 0 0 0 10 10z",
  keys: "M3 6.500h18v11H3zM6.500 10h.01M10 10h.01M14 10h.01M17.500 10h.01M8 14h8",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  down: "M6 10l6 6 6-6",
  ok: "M5 12.500l4.500 4.500L19 7.500",
  note: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 8h.01M12 11.500v5",
  warn: "M12 3.500L22 20.500H2zM12 10v4.500M12 17.500h.01",
  danger: "M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 7.500v5.500M12 16.500h.01",
  copy: "M8.500 8.500h11v11h-11zM15.500 8.500v-4h-11v11h4",
  cloud: "M7 18a4 4 0 0 1-.5-8 5.500 5.500 0 0 1 10.700-1A4.500 4.500 0 0 1 17 18z",
});

/** @param {string} name */
export function icon(name) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("class", `icon icon-${name}`);
  made.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name] ?? "");
  made.append(path);
  return made;
}

/**
 * A dialog that closes by its button, by Escape, and by a click beside it.
 * @param {string} title
 * @param {...(Child | Child[])} children
 */
export function dialog(title, ...children) {
  const opener = /** @type {HTMLElement | null} */ (document.activeElement);
  const close = () => made.close();
  const made = h("dialog", { "aria-label": title, class: "sheet", onclose: () => {
    made.remove();
    if (opener?.isConnected) opener.focus();
  }, onclick: (/** @type {Event} */ event) => event.target === made && close() },
    h("div", { class: "sheet-inside" },
      h("header", { class: "sheet-head" }, h("h2", null, title),
        h("button", { class: "quiet round", "aria-label": "Close", onclick: close }, icon("close"))),
      ...children));
  document.body.append(made);
  made.showModal();
  return made;
}
