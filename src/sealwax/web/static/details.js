// @ts-check
/** All about one message: its whole words, earlier wordings, and what can be done. */
import { detailsOf } from "./bubble.js";
import { tell } from "./api.js";
import { say } from "./foot.js";
import { dialog, h, icon } from "./h.js";
import { go } from "./state.js";
import { dateTime, sign } from "./words.js";

/** @param {number} id @param {number} conversation @param {number | null} at @param {boolean} trash */
export async function details(id, conversation, at, trash) {
  let found;
  try {
    found = await detailsOf(id, at, trash);
  } catch (error) {
    const told = /** @type {import("./api.js").Refused} */ (error);
    say(told.message, told.hint);
    return;
  }
  const message = found.bubble;
  const fact = (/** @type {string} */ name, /** @type {any} */ value) => value ? h("div", null, h("dt", null, name), h("dd", null, value)) : null;
  const act = (/** @type {string} */ name, /** @type {string} */ words, /** @type {() => void} */ does) =>
    h("button", { class: "button", onclick: () => { sheet.close(); does(); } }, icon(name), h("span", null, words));
  const earlier = found.wordings.slice(0, -1);
  const sheet = dialog("Message",
    h("div", { class: "sheet-words" },
      found.text ? h("p", { class: "words", dir: "auto" }, found.text) : null,
      earlier.length ? h("section", null, h("h3", null, "Earlier wordings"), h("ol", { class: "wordings" }, earlier.map((/** @type {any} */ one) =>
        h("li", null, h("p", { dir: "auto" }, one.text), h("time", null, dateTime(one.time_ms)))))) : null,
      found.text_now !== null && message.since === "edited" ? h("section", null, h("h3", null, "Now it says"), h("p", { dir: "auto" }, found.text_now)) : null,
      message.since === "deleted" ? h("p", { class: "badge bad" }, "This message is not in the present any more.") : null,
      message.reactions?.length ? h("section", null, h("h3", null, "Reactions"), h("ul", { class: "plain" }, message.reactions.map((/** @type {any} */ one) =>
        h("li", null, sign(one), " ", one.who)))) : null,
      h("dl", { class: "facts" },
        fact("From", message.from_me ? "You" : message.who),
        fact("Sent", dateTime(message.time_ms)),
        fact("Delivered", message.delivered_ms && dateTime(message.delivered_ms)),
        fact("Read", message.read_ms && dateTime(message.read_ms)),
        fact("Service", message.service),
        fact("Other versions kept", found.variants || ""))),
    h("footer", { class: "sheet-acts" },
      at && message.since ? act("restore", "Restore this message", () => go("restore", { at, m: id, c0: conversation })) : null,
      trash || message.in_trash ? act("restore", "Take out of the trash", () => tell("undelete", { messages: [id] })) : null,
      !at && !trash && !message.in_trash ? act("trash", "Delete this message", () => go("delete", { m: id, c0: conversation })) : null));
}
