// @ts-check
/** What is safe and what is not, worst first, each with what to do. */
import { ask, listen, run } from "./api.js";
import { coded, fill, h, icon } from "./h.js";
import { go, link } from "./state.js";

const BUTTONS = /** @type {Record<string, string>} */ ({
  "sync-now": "Sync now", "backup-now": "Back up now", import: "Import now", verify: "Check everything",
});
const COPIED_MS = 2_000;

class Health extends HTMLElement {
  #unhear = () => {};
  #shown = "";

  connectedCallback() {
    this.#unhear = listen("safety", (safety) => this.#draw(safety));
    ask("safety").then((safety) => this.#draw(safety), () => undefined);
  }

  disconnectedCallback() {
    this.#unhear();
  }

  /** @param {import("./api.js").Safety} safety */
  #draw(safety) {
    // Nothing moves under somebody's hand where nothing has changed.
    if (this.#shown === JSON.stringify(safety)) return;
    this.#shown = JSON.stringify(safety);
    this.replaceChildren();
    const worst = safety.lines.some((line) => line.level === "danger") ? "Something needs you now."
      : safety.lines.some((line) => line.level === "warn") ? "Something waits for you." 
      : safety.lines.some((line) => line.level === "note") ? "Nothing is wrong. There is something to know." : "All is well.";
    fill(this, h("div", { class: "page" },
      h("header", { class: "page-head" }, h("div", null, h("h1", null, "Safety"), h("p", { class: "lead" }, worst)),
        h("div", { class: "card-acts" },
          h("button", { class: "button", onclick: () => run("actions/verify") }, icon("health"), h("span", null, "Check everything now")))),
      h("ul", { class: "lines" }, safety.lines.map((line) => h("li", { class: `card line ${line.level}` },
        h("span", { class: "line-sign" }, icon(line.level)),
        h("div", null, h("h2", null, line.text), line.remedy ? remedy(line) : null),
        h("div", { class: "card-acts" }, acts(line)))))));
  }
}

/**
 * What to do, in a sentence where a button does it; else each command on a line of its own, to be copied.
 * @param {import("./api.js").Line} line
 */
function remedy({ remedy: text, action }) {
  if (action) return h("p", null, coded(capital(text)));
  return text.split("`").map((part, at) => {
    if (at % 2) return command(part);
    const words = part.replace(/^[\s,;.]+/, "").trimEnd().replace(/[;,]$/, "");
    return words && h("p", null, capital(words));
  });
}

/** @param {string} text */
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** A command, to be copied. @param {string} text */
function command(text) {
  const words = h("code", null, text);
  const button = h("button", { class: "quiet copy", title: "Copy", "aria-label": `Copy the command ${text}`, onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.replaceChildren(icon("ok"));
      setTimeout(() => button.replaceChildren(icon("copy")), COPIED_MS);
    } catch {
      // Where the browser lets nothing be copied, it is chosen, so that a person can.
      getSelection()?.selectAllChildren(words);
    }
  } }, icon("copy"));
  return h("div", { class: "command" }, words, button);
}

/** @param {import("./api.js").Line} line */
function acts({ action, subject }) {
  const first = (/** @type {string} */ words, /** @type {() => void} */ does) => h("button", { class: "button first", onclick: does }, words);
  if (action === "answer-held") return [
    first("Bring everything back", () => run("held", { is_accepted: false, number: Number(subject) })),
    h("button", { class: "button quiet", onclick: () => run("held", { is_accepted: true, number: Number(subject) }) }, "It was meant"),
  ];
  if (action === "answer-source") return [h("a", { class: "button first", href: link("source", { path: subject }) }, "Look at it")];
  if (action === "add-source") return [first("Add messages", async () => (await import("./adding.js")).addSource())];
  if (action === "storage") return [h("button", { class: "button", onclick: () => go("snapshots") }, "See what takes space")];
  if (action === "devices") return [h("button", { class: "button", onclick: () => go("devices") }, "To the switches")];
  if (action === "again") return [first("Try again", () => run(`actions/${subject}`))];
  const words = BUTTONS[action];
  return words ? [first(words, () => run(`actions/${action}`))] : [];
}

customElements.define("sw-health", Health);
