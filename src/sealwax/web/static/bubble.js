// @ts-check
/** One message as it is drawn. */
import { ask } from "./api.js";
import { h, icon } from "./h.js";
import { link } from "./state.js";
import { clock, count, dateTime, eventSentence, longDay, sign, size } from "./words.js";

/** @typedef {import("./api.js").Bubble} Message */

/**
 * @param {Message} message
 * @param {{at: number | null, trash: boolean, conversation: number}} context
 * @returns {HTMLElement}
 */
export function bubble(message, context) {
  const side = message.from_me ? "me" : "them";
  const item = h("li", {
    class: `message ${message.event ? "event" : side}${message.since ? ` since-${message.since}` : ""}`,
    "data-key": message.key, "data-id": message.id, "data-time": message.time_ms, "data-who": message.from_me ? "" : message.who || "?",
    tabIndex: -1,
  });
  if (message.event) {
    item.append(h("p", { class: "event-words" }, eventSentence(message), " ",
      h("time", { title: dateTime(message.time_ms) }, clock(message.time_ms))));
    return item;
  }
  // Read aloud always; in a group seen, too.
  item.append(message.from_me ? h("span", { class: "unseen" }, "You: ") : h("span", { class: "who" }, message.who || "Unknown"));
  item.append(h("div", { class: "line" },
    h("div", { class: shape(message) }, message.reply && quote(message, context), files(message), words(message), reactions(message)),
    h("button", { class: "more quiet round", "data-more": "", "aria-label": `More about the message of ${clock(message.time_ms)}`, tabIndex: -1 })));
  const told = meta(message);
  item.append(h("div", { class: told.filter(Boolean).length > 1 ? "meta" : "meta plain" }, ...told));
  return item;
}

/** @param {Message} message */
function shape(message) {
  const isBare = message.files?.some((file) => file.kind === "image" && file.is_kept) && !message.text && !message.subject && !message.reply;
  return `bubble${isBare ? " bare" : ""}${message.reactions?.length ? " reacted" : ""}`;
}

/**
 * Says where a day, or a run of one person's messages, begins: what stands before decides.
 * @param {HTMLElement} item @param {HTMLElement | null} before
 */
export function dress(item, before) {
  const time = Number(item.dataset.time);
  const then = before ? Number(before.dataset.time) : NaN;
  const isNewDay = !before || new Date(time).toDateString() !== new Date(then).toDateString();
  const isRun = !isNewDay && !!before && before.dataset.who === item.dataset.who && time - then < 300_000
    && !item.classList.contains("event") && !before.classList.contains("event");
  item.classList.toggle("goes-on", isRun);
  before?.classList.toggle("has-next", isRun);
  const first = item.firstElementChild;
  const head = first?.className === "day" ? first : null;
  if (isNewDay && !head) item.prepend(h("h2", { class: "day" }, longDay(time)));
  if (!isNewDay) head?.remove();
}

/** @param {Message} message */
function words(message) {
  if (message.is_unsent) return h("p", { class: "gone" }, "This message was unsent.");
  const said = [];
  if (message.subject) said.push(h("strong", { class: "subject" }, message.subject));
  if (message.text) {
    const isLarge = message.text.length <= 8 && /^(\p{Extended_Pictographic}|\u200d|\ufe0f|\p{Emoji_Modifier})+$/u.test(message.text);
    said.push(h("p", { class: isLarge ? "words large" : "words", dir: "auto" }, message.text, message.is_cut && "…"));
  }
  if (message.is_cut) said.push(h("button", { class: "link", "data-more": "", tabIndex: -1 }, "Show all of it"));
  if (!said.length && !message.files?.length) {
    const what = message.lost_files ? "An attachment that is not kept." : message.app ? "A message of an app." : "A message without words.";
    said.push(h("p", { class: "gone" }, what));
  }
  return said;
}

/** @param {Message} message @param {{at: number | null, trash: boolean, conversation: number}} context */
function quote(message, context) {
  const reply = message.reply;
  if (!reply) return null;
  if (!reply.key) return h("span", { class: "quote" }, "In reply to ", reply.text);
  const to = link(`c/${context.conversation}`, { at: context.at, trash: context.trash, key: reply.key });
  return h("a", { class: "quote", href: to, tabIndex: -1 }, h("b", null, reply.who), h("span", null, reply.text));
}

/** @param {Message} message */
function reactions(message) {
  const found = message.reactions ?? [];
  if (!found.length) return null;
  const said = found.map((one) => `${one.who}: ${one.kind === "emoji" ? one.emoji : one.kind}`).join(", ");
  const signs = [...new Set(found.map(sign))].slice(0, 4);
  return h("span", { class: "reactions", title: said, role: "img", "aria-label": `Reactions: ${said}` },
    signs.map((one) => h("span", null, one)), found.length > 1 && h("small", null, String(found.length)));
}

/** @param {Message} message */
function files(message) {
  return (message.files ?? []).map((file) => {
    if (!file.is_kept) return h("span", { class: "file lost" }, icon("file"), h("span", null, file.name, h("small", null, "not kept: the source did not have it")));
    if (file.kind === "image") return file.is_elsewhere ? frame(file) : picture(file);
    if (file.kind === "audio") return h("audio", { controls: true, preload: "none", src: `api/files/${file.id}`, "aria-label": file.name });
    if (file.kind === "video") return h("video", { controls: true, preload: "none", src: `api/files/${file.id}`, "aria-label": file.name });
    return chip(file);
  });
}

/** @param {import("./api.js").File} file */
function chip(file) {
  return h("a", { class: "file", href: `api/files/${file.id}`, download: file.name, tabIndex: -1 }, icon("file"),
    h("span", null, file.name, h("small", null, size(file.size_bytes))));
}

/** A photo that has to be fetched before it can be shown. @param {import("./api.js").File} file */
function frame(file) {
  const button = h("button", { class: "photo file", tabIndex: -1, "aria-label": `Fetch and open photo ${file.name}`, onclick: () => enlarge(file, button) },
    icon("file"), h("span", null, file.name, h("small", null, `${size(file.size_bytes)}, not on this computer`)));
  return button;
}

/** @param {import("./api.js").File} file @param {HTMLElement} button */
async function enlarge(file, button) {
  const { lightbox } = await import("./lightbox.js");
  lightbox(file, button);
}

/** @param {import("./api.js").File} file */
function picture(file) {
  const image = h("img", {
    src: `api/thumbnails/${file.id}`, alt: `Photo ${file.name}`, loading: "lazy", decoding: "async",
    // What cannot be shown small is offered as it is.
    onerror: () => button.replaceWith(chip(file)),
  });
  const button = h("button", { class: "photo", tabIndex: -1, "aria-label": `Open photo ${file.name}`, onclick: () => enlarge(file, button) }, image);
  return button;
}

/** What is said of a message that is not final. @type {Record<string, string>} */
const STANDINGS = { scheduled: "Scheduled", sending: "Being sent", failed: "Not sent" };

/** @param {Message} message */
function meta(message) {
  const badge = (/** @type {string} */ text, /** @type {string} */ kind) =>
    h("button", { class: `badge ${kind}`, "data-more": "", tabIndex: -1 }, text);
  return [
    h("time", { title: dateTime(message.time_ms) }, clock(message.time_ms)),
    message.standing ? badge(STANDINGS[message.standing] ?? message.standing, "warn") : null,
    message.wordings ? badge(`Edited · ${count(message.wordings, "earlier wording")}`, "") : null,
    message.since === "deleted" ? badge("Deleted since", "bad") : null,
    message.since === "edited" ? badge("Edited since", "warn") : null,
    message.is_held ? badge("Its deletion is held", "warn") : null,
    message.effect ? h("span", null, `Sent with ${message.effect.replaceAll("-", " ").slice(0, 40)}`) : null,
    message.service && !["iMessage", "SMS", "RCS"].includes(message.service) ? h("span", null, message.service.slice(0, 30)) : null,
  ];
}

/** The whole of one message. @param {number} id @param {number | null} at @param {boolean} trash */
export const detailsOf = (id, at, trash) => ask(`messages/${id}`, { at, trash });
