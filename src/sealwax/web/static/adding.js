// @ts-check
/** Asks for one more place to read messages from. */
import { run } from "./api.js";
import { dialog, h } from "./h.js";

const LIMIT = 4_096;

export function addSource() {
  const input = h("input", { class: "field", type: "text", id: "source-path", maxlength: LIMIT, autocomplete: "off", spellcheck: "false", required: true,
    placeholder: "/Users/you/Library/Messages/chat.db" });
  const add = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await run("sources", { path: input.value.trim() })) sheet.close();
  };
  const sheet = dialog("Add messages",
    h("form", { onsubmit: add },
      h("div", { class: "sheet-words" },
        h("p", null, "Where do they lie on this computer? It is read, and never written to."),
        h("label", { class: "labelled", for: "source-path" }, h("span", null, "Path"), input),
        h("ul", { class: "bullets" },
          h("li", null, "the database of Messages on a Mac: ", h("code", null, "chat.db")),
          h("li", null, "the folder of a phone backup that is not encrypted"),
          h("li", null, "a folder that ", h("code", null, "sealwax export jsonl"), " wrote"))),
      h("footer", { class: "sheet-acts" }, h("button", { class: "button first", type: "submit" }, "Add and import"))));
  input.focus();
}
