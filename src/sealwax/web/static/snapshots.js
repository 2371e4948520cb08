// @ts-check
/** All snapshots: what each holds, what changed since, what letting it go would give back. */
import { ask, listen, run } from "./api.js";
import { fill, h, icon } from "./h.js";
import { link } from "./state.js";
import { age, count, dateTime, many, size } from "./words.js";

class Snapshots extends HTMLElement {
  #unhear = () => {};
  #shown = "";

  connectedCallback() {
    this.#unhear = listen("history", () => this.#draw());
    this.#draw();
  }

  disconnectedCallback() {
    this.#unhear();
  }

  async #draw() {
    /** @type {import("./api.js").Snapshot[]} */
    let found;
    try {
      found = await ask("snapshots");
    } catch (error) {
      this.replaceChildren(h("p", { class: "empty" }, /** @type {Error} */ (error).message));
      return;
    }
    // What is unfolded, or about to be pressed, stays where nothing has changed.
    if (this.#shown === JSON.stringify(found)) return;
    this.#shown = JSON.stringify(found);
    this.replaceChildren();
    fill(this, h("div", { class: "page" },
      h("header", { class: "page-head" }, h("div", null, h("h1", null, "Snapshots"),
        h("p", { class: "lead" }, "Moments that no deletion can touch. Open one to read it as it was; restore what you miss.")),
        h("button", { class: "button first", onclick: () => run("actions/backup-now") }, icon("snapshots"), h("span", null, "Back up now"))),
      found.length ? h("ul", { class: "cards" }, found.map(card)) : h("p", { class: "empty" }, "There is no snapshot yet.")));
  }
}

/** @param {import("./api.js").Snapshot} one */
function card(one) {
  const more = h("div", { class: "changes" });
  const compare = h("button", { class: "button quiet small", onclick: async () => {
    compare.disabled = true;
    more.replaceChildren(h("p", { role: "status" }, "Comparing with the present …"));
    const found = await ask(`snapshots/${one.number}/changes`).catch((error) => error);
    more.replaceChildren(found instanceof Error ? h("p", null, found.message) : changes(one.number, found));
    compare.disabled = false;
    compare.textContent = "Compare again";
  } }, "What changed since");
  return h("li", { class: "card" },
    h("div", { class: "card-head" },
      h("div", null, h("h2", null, one.name || dateTime(one.made_ms)),
        h("p", null, [one.name ? dateTime(one.made_ms) : "", age(one.made_ms), one.reason].filter(Boolean).join(" · "))),
      h("div", { class: "card-acts" },
        h("a", { class: "button", href: link("messages", { at: one.number }) }, "Open"),
        h("a", { class: "button quiet", href: link("restore", { at: one.number }) }, icon("restore"), h("span", null, "Restore")))),
    h("dl", { class: "numbers" },
      number(many(one.messages), "messages"), number(many(one.conversations), "conversations"),
      number(many(one.attachments), "attachments"), number(size(one.file_bytes), "of files"),
      number(size(one.space_back_bytes), "free if let go")),
    h("div", null, compare), more);
}

/** @param {string} value @param {string} words */
const number = (value, words) => h("div", null, h("dd", null, value), h("dt", null, words));

/** @param {number} at @param {{added: number, removed: number, changed: number, conversations: [number, string, number, number, number][]}} found */
function changes(at, found) {
  if (!found.conversations.length) return h("p", null, "Nothing: the present shows the same.");
  return h("div", null,
    h("p", null, `${count(found.added, "message")} new, ${many(found.removed)} gone, ${many(found.changed)} changed.`),
    h("table", null, h("thead", null, h("tr", null, ["Conversation", "New", "Gone", "Changed"].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", null, found.conversations.slice(0, 30).map(([id, title, added, removed, changed]) =>
        h("tr", null, h("td", null, h("a", { href: link(`c/${id}`, { at }) }, title || "a conversation")),
          h("td", null, added ? `+${many(added)}` : ""), h("td", null, removed ? `−${many(removed)}` : ""), h("td", null, changed ? many(changed) : ""))))));
}

customElements.define("sw-snapshots", Snapshots);
