// @ts-check
/** What is safe and what is not, worst first, each with what to do. */
import { ask, listen, tell } from "./api.js";
import { say } from "./foot.js";
import { fill, h, icon } from "./h.js";
import { go } from "./state.js";

const BUTTONS = /** @type {Record<string, string>} */ ({
  "sync-now": "Sync now", "backup-now": "Back up now", import: "Import now", verify: "Check everything",
});

class Health extends HTMLElement {
  #unhear = () => {};

  connectedCallback() {
    this.#unhear = listen("safety", (safety) => this.#draw(safety));
    ask("safety").then((safety) => this.#draw(safety), () => undefined);
  }

  disconnectedCallback() {
    this.#unhear();
  }

  /** @param {import("./api.js").Safety} safety */
  #draw(safety) {
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
        h("div", null, h("h2", null, line.text), line.remedy && h("p", null, withCommands(line.remedy))),
        h("div", { class: "card-acts" }, acts(line.action)))))));
  }
}

/** What to do, with the commands in it set apart. @param {string} remedy */
function withCommands(remedy) {
  const text = remedy[0].toUpperCase() + remedy.slice(1);
  return text.split("`").map((part, at) => at % 2 ? h("code", null, part) : part);
}

/** @param {string} action */
function acts(action) {
  if (action === "answer-held") return [
    h("button", { class: "button first", onclick: () => run("held", { is_accepted: false }) }, "Bring everything back"),
    h("button", { class: "button quiet", onclick: () => run("held", { is_accepted: true }) }, "They were meant"),
  ];
  if (action === "storage") return [h("button", { class: "button", onclick: () => go("snapshots") }, "See what takes space")];
  if (action === "devices") return [h("button", { class: "button", onclick: () => go("devices") }, "To the switches")];
  const words = BUTTONS[action];
  return words ? [h("button", { class: "button first", onclick: () => run(`actions/${action}`) }, words)] : [];
}

/** @param {string} path @param {any} [body] */
async function run(path, body) {
  try {
    await tell(path, body);
  } catch (error) {
    const told = /** @type {import("./api.js").Refused} */ (error);
    say(told.message, told.hint);
  }
}

customElements.define("sw-health", Health);
