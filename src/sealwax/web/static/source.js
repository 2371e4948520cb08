// @ts-check
/** A source that names another owner than before: whose messages are they? Nothing is read until a person says. */
import { run } from "./api.js";
import { fill, h } from "./h.js";
import { go, place } from "./state.js";

class Source extends HTMLElement {
  connectedCallback() {
    const path = place().query.get("path") ?? "";
    fill(this, h("div", { class: "page narrow" },
      h("header", { class: "page-head" }, h("div", null, h("h1", null, "Whose messages are these?"),
        h("p", { class: "lead" }, "Until now this source held the messages of one account. Now it names another owner. Nothing was read from it since."),
        h("p", { class: "path" }, h("code", null, path)))),
      h("ul", { class: "cards" },
        choice("They are mine", ["It is the same person, with a new account, number or address.",
          "Everything in it joins this history: here, on the other devices of the account, and in snapshots from now on. A snapshot is made before, so that it can be taken back."],
          h("button", { class: "button first", onclick: () => answer(path, true) }, "Read from it")),
        choice("They are somebody else’s, or I do not know", ["The source is read no more.",
          "What was kept from it before stays. The file, the phone and the computer that it belongs to are not touched. It can be added again."],
          h("button", { class: "button", onclick: () => answer(path, false) }, "Stop reading from it"))),
      h("div", { class: "sheet-acts" }, h("button", { class: "button quiet", onclick: () => go("health") }, "Decide later"))));
  }
}

/** @param {string} title @param {string[]} words @param {HTMLElement} button */
const choice = (title, words, button) => h("li", { class: "card" }, h("h2", null, title),
  words.map((text) => h("p", null, text)), h("div", { class: "card-acts" }, button));

/** @param {string} path @param {boolean} isRight */
async function answer(path, isRight) {
  if (await run("sources/answer", { path, is_right: isRight })) go("health");
}

customElements.define("sw-source", Source);
