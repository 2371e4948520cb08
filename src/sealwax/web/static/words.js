// @ts-check
/** Numbers, sizes, dates and events in words. */

const number = new Intl.NumberFormat();
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const shortYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const month = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });
const DAY_MS = 86_400_000;

/** @param {number} value */
export const many = (value) => number.format(value);

/** @param {number} value @param {string} thing */
export const count = (value, thing) => `${many(value)} ${thing}${value === 1 ? "" : "s"}`;

/** @param {number} bytes */
export function size(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) [bytes, at] = [bytes / 1000, at + 1];
  return `${at ? bytes.toFixed(1) : bytes} ${units[at]}`;
}

/** @param {number} ms */
export const clock = (ms) => time.format(ms);

/** @param {number} ms */
export const longDay = (ms) => day.format(ms);

/** @param {number} ms */
export const dayOf = (ms) => new Date(ms).toDateString();

/** @param {number} ms */
export const dateTime = (ms) => `${shortYear.format(ms)}, ${time.format(ms)}`;

/** @param {number} ms */
export const date = (ms) => shortYear.format(ms);

/** @param {number} year @param {number} of */
export const monthName = (year, of) => month.format(Date.UTC(year, of - 1, 15));

/** When something was, as a list says it. @param {number} ms */
export function ago(ms) {
  if (!ms) return "";
  const now = new Date(), then = new Date(ms);
  if (now.toDateString() === then.toDateString()) return time.format(ms);
  if (now.getTime() - ms < 6 * DAY_MS && ms < now.getTime()) return weekday.format(ms);
  return (now.getFullYear() === then.getFullYear() ? short : shortYear).format(ms);
}

/** How long ago something was, in whole days, months or years. @param {number} ms */
export function age(ms) {
  const days = Math.round((midnight(Date.now()) - midnight(ms)) / DAY_MS);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  if (days < 60) return `${days} days ago`;
  const months = Math.floor(days / 30.44);
  return months < 24 ? `${months} months ago` : `${Math.floor(days / 365.25)} years ago`;
}

/** @param {number} ms */
const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);

/** @param {number} seconds */
export function span(seconds) {
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 5_400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${Math.round(seconds / 3_600)} h left`;
}

const EVENTS = /** @type {Record<string, (who: string, event: Record<string, string>) => string>} */ ({
  "participant-added": (who, e) => `${who} added ${e.other ?? "somebody"}`,
  "participant-removed": (who, e) => `${who} removed ${e.other ?? "somebody"}`,
  "participant-left": (who) => `${who} left`,
  "address-changed": (who) => `${who} changed their address`,
  "name-changed": (who, e) => e.title ? `${who} named the conversation “${e.title}”` : `${who} took the name away`,
  "photo-changed": (who) => `${who} changed the photo`,
  "photo-removed": (who) => `${who} removed the photo`,
  "background-changed": (who) => `${who} changed the background`,
  "background-removed": (who) => `${who} removed the background`,
  "location-sharing": (who) => `${who} shared a location`,
  "location-started": (who) => `${who} started sharing a location`,
  "location-stopped": (who) => `${who} stopped sharing a location`,
  "audio-kept": (who) => `${who} kept an audio message`,
  "shareplay": (who) => `${who} started SharePlay`,
});

/** @param {import("./api.js").Bubble} message */
export function eventSentence(message) {
  const who = message.from_me ? "You" : message.who || "Somebody";
  const event = message.event ?? {};
  return EVENTS[event.kind]?.(who, event) ?? `${who}: ${(event.kind ?? "something happened").replaceAll("-", " ")}`;
}

const SIGNS = /** @type {Record<string, string>} */ ({
  loved: "♥", liked: "👍", disliked: "👎", laughed: "😂", emphasized: "‼", questioned: "?", sticker: "★",
});

/** @param {import("./api.js").Reaction} reaction */
export const sign = (reaction) => reaction.emoji || SIGNS[reaction.kind] || "•";

/** The first letters of a name, for its picture. @param {string} title */
export function initials(title) {
  const words = title.replace(/[^\p{L}\p{N} ]/gu, "").split(" ").filter(Boolean);
  if (!words.length) return "?";
  if (/^\d/.test(words[0])) return words.join("").slice(-2);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((word) => [...word][0]).join("").toUpperCase();
}

/** One of eight tints, always the same for a name. @param {string} title */
export function tint(title) {
  let sum = 7;
  for (const letter of title) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return `tint-${sum % 8}`;
}
