// @ts-check
/** The list of conversations: rows of one height, only those in sight are in the page. */
import { ask } from "./api.js";
import { fill, h, icon } from "./h.js";
import { link } from "./state.js";
import { ago, date, initials, many, tint } from "./words.js";

/** @typedef {import("./api.js").Preview} Preview */

const ROW_PX = 72;
const PAGE = 60;
const BEYOND = 6;
const PAGES_KEPT = 8;
const LEAST_LETTERS = 2;
const NAMED = 6;
const HITS = 40;
const WHOLE_AFTER_MS = 500;

export class List extends HTMLElement {
  #at = /** @type {number | null} */ (null);
  #trash = false;
  #total = 0;
  #pages = /** @type {Map<number, Preview[]>} */ (new Map());
  #asked = new Set();
  #round = 0;
  #chosen = /** @type {number | null} */ (null);
  #focused = 0;
  #searching = new AbortController();
  #whole = 0;

  connectedCallback() {
    // Shown again after another screen: it is built already.
    if (this.firstChild) return;
    this.input = h("input", {
      type: "search", placeholder: "Search", "aria-label": "Search conversations and messages",
      autocomplete: "off", spellcheck: "false", maxlength: "300",
      oninput: () => this.#search(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#searchKey(event),
    });
    this.title_ = h("h1", { class: "list-title" }, "Messages");
    this.rows = h("ul", { class: "rows", onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event) });
    this.scroller = h("div", { class: "list-scroll", onscroll: () => this.#draw() }, this.rows);
    this.results = h("div", { class: "results", hidden: true, onkeydown: moveAmongLinks });
    this.told = h("p", { class: "unseen", role: "status" });
    this.empty = h("p", { class: "empty", hidden: true });
    fill(this, h("div", { class: "list-head" }, this.title_,
      h("label", { class: "search-field" }, icon("search"), this.input, h("kbd", null, "/"))),
      this.results, this.scroller, this.empty, this.told);
    new ResizeObserver(() => this.#draw()).observe(this.scroller);
  }

  /**
   * Shows the list of a moment; gives its first conversation.
   * @param {number | null} at @param {boolean} trash @param {boolean} [isAnew]
   * @returns {Promise<Preview | undefined>}
   */
  async show(at, trash, isAnew = false) {
    if (!isAnew && this.#pages.size && at === this.#at && trash === this.#trash) return this.#pages.get(0)?.[0];
    if (at !== this.#at || trash !== this.#trash) this.scroller.scrollTop = 0;
    this.#at = at;
    this.#trash = trash;
    this.#round += 1;
    this.#pages.clear();
    this.#asked.clear();
    this.title_.textContent = trash ? "Trash" : "Messages";
    const top = Math.floor(this.scroller.scrollTop / ROW_PX / PAGE) * PAGE;
    await this.#load(top);
    if (top) await this.#load(0);
    this.empty.hidden = this.#total > 0;
    this.scroller.hidden = !this.empty.hidden;
    this.empty.replaceChildren();
    if (trash || at) this.empty.textContent = trash ? "The trash is empty." : "There was no conversation then.";
    else fill(this.empty, h("span", null, "No messages are kept yet."), h("button", { class: "button first", onclick: async () => (await import("./adding.js")).addSource() }, "Add messages"));
    if (this.input.value) this.#search();
    return this.#pages.get(0)?.[0];
  }

  /** @param {number | null} conversation */
  choose(conversation) {
    this.#chosen = conversation;
    this.rows.querySelectorAll("a").forEach((/** @type {HTMLElement} */ row) => this.#mark(row));
  }

  /** What the list says of a conversation, as far as it was read. @param {number} conversation */
  known(conversation) {
    for (const page of this.#pages.values()) {
      const found = page.find((item) => item.id === conversation);
      if (found) return found;
    }
    return undefined;
  }

  focusSearch() {
    this.input.focus();
    this.input.select();
  }

  /** @param {number} offset */
  async #load(offset) {
    if (this.#asked.has(offset)) return;
    this.#asked.add(offset);
    const round = this.#round;
    const page = await ask("conversations", { at: this.#at, trash: this.#trash, offset, limit: PAGE });
    if (round !== this.#round) return;
    this.#total = page.total;
    this.#pages.set(offset, page.items);
    for (const known of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_KEPT) break;
      if (known && Math.abs(known - offset) > 2 * PAGE) {
        this.#pages.delete(known);
        this.#asked.delete(known);
      }
    }
    this.rows.style.height = `${this.#total * ROW_PX}px`;
    this.#draw(true);
  }

  #draw(isAnew = false) {
    if (!this.#total) {
      this.rows.replaceChildren();
      return;
    }
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - BEYOND);
    const last = Math.min(this.#total, Math.ceil((scrollTop + clientHeight) / ROW_PX) + BEYOND);
    const known = /** @type {Map<number, HTMLElement>} */ (new Map());
    for (const row of [...this.rows.children]) {
      const index = Number(row.dataset.index);
      if (isAnew || index < first || index >= last) {
        if (!row.contains(document.activeElement) || isAnew) row.remove();
      } else known.set(index, row);
    }
    for (let index = first; index < last; index++) {
      const page = Math.floor(index / PAGE) * PAGE;
      const item = this.#pages.get(page)?.[index - page];
      if (!item) this.#load(page);
      else if (!known.has(index)) this.#insert(this.#row(item, index));
    }
  }

  /** Rows stand in the page in their order, for those who go by it. @param {HTMLElement} row */
  #insert(row) {
    const index = Number(row.dataset.index);
    const after = [...this.rows.children].find((other) => Number(other.dataset.index) > index);
    this.rows.insertBefore(row, after ?? null);
  }

  /** @param {Preview} item @param {number} index */
  #row(item, index) {
    const anchor = h("a", {
      class: "row", "data-id": item.id, tabIndex: index === this.#focused ? 0 : -1,
      href: link(`c/${item.id}`, { at: this.#at, trash: this.#trash }),
      onfocus: () => this.#rove(index),
    },
      avatar(item.title, item.is_group),
      h("span", { class: "row-words" },
        h("span", { class: "row-top" }, h("span", { class: "row-title" }, item.title),
          h("time", { class: "row-time" }, ago(item.time_ms))),
        h("span", { class: "row-text" }, item.from_me && h("span", { class: "row-me" }, "You: "), item.text || " ")));
    this.#mark(anchor);
    const row = h("li", { "data-index": index, "aria-setsize": this.#total, "aria-posinset": index + 1 }, anchor);
    row.style.transform = `translateY(${index * ROW_PX}px)`;
    return row;
  }

  /** @param {HTMLElement} row */
  #mark(row) {
    if (Number(row.dataset.id) === this.#chosen) row.setAttribute("aria-current", "page");
    else row.removeAttribute("aria-current");
  }

  /** @param {number} index */
  #rove(index) {
    this.#focused = index;
    for (const row of this.rows.querySelectorAll("a")) row.tabIndex = -1;
    const row = this.rows.querySelector(`[data-index="${index}"] a`);
    if (row) row.tabIndex = 0;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW_PX) - 1);
    const steps = /** @type {Record<string, number>} */ (
      { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.#total, End: this.#total });
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.focusRow(this.#focused + steps[event.key]);
  }

  /** @param {number} [wanted] */
  async focusRow(wanted = this.#focused) {
    const index = Math.max(0, Math.min(this.#total - 1, wanted));
    const top = index * ROW_PX;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    if (top + ROW_PX > scrollTop + clientHeight) this.scroller.scrollTop = top + ROW_PX - clientHeight;
    this.#focused = index;
    await this.#load(Math.floor(index / PAGE) * PAGE);
    this.#draw();
    this.#rove(index);
    this.rows.querySelector(`[data-index="${index}"] a`)?.focus();
  }

  /** @param {KeyboardEvent} event */
  #searchKey(event) {
    if (event.key === "Escape" && this.input.value) {
      event.preventDefault();
      event.stopPropagation();
      this.input.value = "";
      this.#search();
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      if (this.input.value) this.results.querySelector("a")?.focus();
      else this.focusRow();
    }
  }

  async #search() {
    const words = this.input.value.trim();
    clearTimeout(this.#whole);
    this.#searching.abort();
    this.#searching = new AbortController();
    const { signal } = this.#searching;
    if (!words) {
      this.results.hidden = true;
      this.empty.hidden = this.#total > 0;
      this.scroller.hidden = !this.empty.hidden;
      this.told.textContent = "";
      this.results.replaceChildren();
      return;
    }
    try {
      const asked = { at: this.#at, trash: this.#trash, words };
      if (words.length < LEAST_LETTERS && (words.codePointAt(0) ?? 0) <= 0x2e80) {
        const chats = await ask("conversations", { ...asked, limit: NAMED }, signal);
        this.#showResults(words, chats.items, null);
        return;
      }
      const found = await ask("search", { ...asked, quick: true, limit: HITS, named: NAMED }, signal);
      this.#showResults(words, found.conversations, found);
      if (!found.is_partial) return;
      // Many messages have these words: the newest texts are shown at once, then all is looked at.
      this.#whole = setTimeout(async () => {
        const all = await ask("search", { ...asked, limit: HITS }, signal).catch(() => null);
        if (all && !signal.aborted) this.#showResults(words, found.conversations, all);
      }, WHOLE_AFTER_MS);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError") {
        this.results.replaceChildren(h("p", { class: "empty" }, /** @type {Error} */ (error).message));
      }
    }
  }

  /**
   * @param {string} words @param {Preview[]} chats
   * @param {{items: {message: import("./api.js").Bubble, conversation: number | null, title: string}[], is_partial: boolean} | null} found
   */
  #showResults(words, chats, found) {
    const hits = found?.items ?? [];
    this.results.hidden = false;
    this.scroller.hidden = true;
    this.empty.hidden = true;
    this.results.replaceChildren();
    const isMany = found?.is_partial || hits.length >= HITS;
    const told = found ? `${isMany ? "More than " : ""}${many(hits.length)} messages found` : "";
    this.told.textContent = `${many(chats.length)} conversations, ${told}`;
    fill(this.results,
      chats.length ? h("h2", { class: "results-head" }, "Conversations") : null,
      chats.length ? h("ul", { class: "found" }, chats.map((item) => h("li", null, h("a", {
        class: "row compact", href: link(`c/${item.id}`, { at: this.#at, trash: this.#trash }),
      }, avatar(item.title, item.is_group), h("span", { class: "row-words" },
        h("span", { class: "row-title" }, marked(item.title, words))))))) : null,
      found ? h("h2", { class: "results-head" }, "Messages", h("span", null, isMany ? "newest first" : many(hits.length))) : null,
      h("ul", { class: "found" }, hits.map((hit) => h("li", null, h("a", {
        class: "hit", href: link(`c/${hit.conversation}`, {
          at: this.#at, key: hit.message.key, trash: hit.message.in_trash,
        }),
      },
        h("span", { class: "row-top" }, h("span", { class: "row-title" }, hit.title || hit.message.who),
          h("time", { class: "row-time" }, `${date(hit.message.time_ms)}`)),
        h("span", { class: "hit-text" }, hit.message.from_me && h("span", { class: "row-me" }, "You: "),
          marked(around(hit.message.text, words), words)),
        hit.message.in_trash && h("span", { class: "badge" }, "in the trash"),
        !matches(hit.message.text, words) && h("span", { class: "badge" }, "in an earlier wording"))))),
      found && !hits.length && !chats.length ? h("p", { class: "empty" }, "Nothing found.") : null);
  }
}

/** Arrow keys go through the links of a list. @param {KeyboardEvent} event */
function moveAmongLinks(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const links = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("a")];
  const at = links.indexOf(/** @type {any} */ (document.activeElement));
  event.preventDefault();
  if (at + step < 0) /** @type {HTMLInputElement | null} */ (document.querySelector("sw-list input"))?.focus();
  else links[Math.min(links.length - 1, at + step)]?.focus();
}

/** @param {string} title @param {boolean} isGroup */
export function avatar(title, isGroup) {
  return h("span", { class: `avatar ${tint(title)}${isGroup ? " group" : ""}`, "aria-hidden": "true" }, initials(title));
}

/** @param {string} words */
const pieces = (words) => words.replaceAll('"', " ").toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);

/** @param {string} text @param {string} words */
const matches = (text, words) => pieces(words).some((word) => text.toLowerCase().includes(word));

/** The part of a long text where a word is. @param {string} text @param {string} words */
function around(text, words) {
  const at = Math.min(...pieces(words).map((word) => text.toLowerCase().indexOf(word)).filter((found) => found >= 0), text.length);
  const start = at === text.length || at < 50 ? 0 : at - 40;
  return (start ? "…" : "") + text.slice(start, start + 160);
}

/** The text with the words marked in it. @param {string} text @param {string} words */
function marked(text, words) {
  const found = pieces(words), low = text.toLowerCase(), parts = [];
  let at = 0;
  if (low.length !== text.length) return [text];
  while (at < text.length) {
    let next = text.length, length = 0;
    for (const word of found) {
      const place = low.indexOf(word, at);
      if (place >= 0 && place < next) [next, length] = [place, word.length];
    }
    if (next > at) parts.push(text.slice(at, next));
    if (length) parts.push(h("mark", null, text.slice(next, next + length)));
    at = next + length;
    if (!length) break;
  }
  return parts;
}

customElements.define("sw-list", List);
