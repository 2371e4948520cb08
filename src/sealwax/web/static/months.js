// @ts-check
/** The months of a conversation as bars: where one reads is marked, and any can be gone to. */
import { fill, h } from "./h.js";
import { count, many, monthName } from "./words.js";

/** @typedef {[year: number, month: number, messages: number]} Month */

const LEAST_SHARE = 0.08;
const MONTHS_LIMIT = 600;
const STEPS = /** @type {Record<string, number>} */ (
  { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12, Home: -Infinity, End: Infinity });

class Months extends HTMLElement {
  #all = /** @type {Month[]} */ ([]);
  #places = /** @type {Map<number, number>} */ (new Map());
  #bars = /** @type {HTMLElement[]} */ ([]);
  #chosen = 0;
  #drawn = "";
  #go = (/** @type {number} */ _ms) => {};

  /** @param {Month[]} months @param {(ms: number) => void} go called with the beginning of a month that was chosen */
  draw(months, go) {
    this.#go = go;
    const drawn = JSON.stringify(months);
    this.hidden = months.length < 2;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const hadFocus = this.contains(document.activeElement);
    this.#all = months.length < 2 ? [] : everyMonth(months);
    this.#places = new Map(this.#all.map(([year, month], index) => [year * 12 + month - 1, index]));
    this.replaceChildren();
    if (this.hidden) return;
    const most = Math.max(...months.map((month) => month[2]));
    this.#bars = this.#all.map(([year, month, messages], index) => {
      const isYear = month === 1 || index === 0;
      const bar = h("i", { class: isYear ? "month year" : "month", "data-year": isYear ? year : null });
      bar.style.setProperty("--share", String(messages ? LEAST_SHARE + (1 - LEAST_SHARE) * Math.sqrt(messages / most) : 0));
      return bar;
    });
    this.label = h("output", { class: "month-label", hidden: true });
    this.track = h("div", {
      class: "month-track", role: "slider", tabIndex: 0, "aria-label": "Month", "aria-orientation": "vertical",
      "aria-valuemin": 0, "aria-valuemax": this.#all.length - 1,
      onpointermove: (/** @type {PointerEvent} */ event) => this.#point(event),
      onpointerdown: (/** @type {PointerEvent} */ event) => this.track.setPointerCapture(event.pointerId),
      onpointerup: (/** @type {PointerEvent} */ event) => (this.#point(event), this.#jump()),
      onpointerleave: () => (this.label.hidden = true),
      onblur: () => (this.label.hidden = true),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    }, this.#bars);
    fill(this, this.track, this.label);
    this.#choose(this.#all.length - 1);
    if (hadFocus) this.track.focus();
  }

  /** Marks the month of a moment, unless somebody is choosing one. @param {number} ms */
  here(ms) {
    if (this.hidden || !this.label?.hidden) return;
    const then = new Date(ms);
    const index = this.#places.get(then.getUTCFullYear() * 12 + then.getUTCMonth());
    if (index !== undefined && index !== this.#chosen) this.#choose(index);
  }

  /** @param {number} index */
  #choose(index) {
    this.#bars[this.#chosen]?.classList.remove("here");
    this.#chosen = Math.max(0, Math.min(this.#all.length - 1, index));
    this.#bars[this.#chosen].classList.add("here");
    const [year, month, messages] = this.#all[this.#chosen];
    this.track.setAttribute("aria-valuenow", String(this.#chosen));
    this.track.setAttribute("aria-valuetext", `${monthName(year, month)}, ${count(messages, "message")}`);
    this.label.textContent = `${monthName(year, month)} · ${many(messages)}`;
    this.label.style.top = `${(100 * (this.#chosen + 0.5)) / this.#all.length}%`;
  }

  #jump() {
    const [year, month] = this.#all[this.#chosen];
    this.#go(Date.UTC(year, month - 1, 1));
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const box = this.track.getBoundingClientRect();
    this.label.hidden = false;
    this.#choose(Math.floor(((event.clientY - box.top) / box.height) * this.#all.length));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    this.label.hidden = false;
    this.#choose(this.#chosen + STEPS[event.key]);
    this.#jump();
  }
}

/** With the months between that are empty, unless there are far too many. @param {Month[]} months */
function everyMonth(months) {
  const known = new Map(months.map(([year, month, messages]) => [year * 12 + month - 1, messages]));
  const places = [...known.keys()].sort((one, other) => one - other);
  const [first, last] = [places[0], places[places.length - 1]];
  if (last - first > MONTHS_LIMIT) return months;
  /** @type {Month[]} */
  const all = [];
  for (let at = first; at <= last; at++) all.push([Math.floor(at / 12), (at % 12) + 1, known.get(at) ?? 0]);
  return all;
}

customElements.define("sw-months", Months);
