// @ts-check
/** A conversation: pages in both ways, at most LIMIT messages in the page, months to jump to. */
import { ask, Refused } from "./api.js";
import { bubble, dress } from "./bubble.js";
import { coded, fill, h, icon } from "./h.js";
import { avatar } from "./list.js";
import { go, link } from "./state.js";
import { count } from "./words.js";

/** @typedef {import("./api.js").ThreadPage} ThreadPage */
/** @typedef {import("./api.js").Preview} Preview */

const PAGE = 60;
const LIMIT = 300;
const NEAR_PX = 1_200;

/** @typedef {"start" | "end"} Edge */

export class Thread extends HTMLElement {
  #conversation = 0;
  #at = /** @type {number | null} */ (null);
  #trash = false;
  #hasOlder = false;
  #hasNewer = false;
  #round = 0;
  /** Goes again where one is just going, until one is there. */
  #going = /** @type {(() => void) | null} */ (null);
  #isLoading = false;
  #ask = new AbortController();
  /** A page that was asked for before it is needed. */
  #ahead = /** @type {{next: string, page: Promise<ThreadPage>} | null} */ (null);

  connectedCallback() {
    // Shown again after another screen: it is built already.
    if (this.firstChild) return;
    this.head = h("header", { class: "thread-head" });
    this.list = h("ol", { class: "messages", "aria-label": "Messages" });
    this.top_ = h("div", { class: "thread-edge" });
    this.scroller = h("div", {
      class: "thread-scroll", onscroll: () => this.#scrolled(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      onclick: (/** @type {MouseEvent} */ event) => this.#click(event),
    }, this.top_, this.list);
    this.months = h("sw-months", { class: "months", hidden: true });
    fill(this, this.head, h("div", { class: "thread-body" }, this.scroller, this.months));
  }

  /**
   * @param {number} conversation @param {number | null} at @param {boolean} trash
   * @param {string | null} key the message to show, else the newest
   * @param {Preview} [known] what the list says of the conversation
   */
  async show(conversation, at, trash, key, known) {
    const isOther = conversation !== this.#conversation || at !== this.#at || trash !== this.#trash;
    if (!isOther && !key && this.list.childElementCount) return;
    // Going to another moment, one stays where one reads, if that was there then.
    const keep = conversation === this.#conversation && !key && !this.isAtEnd() ? this.firstKey() : null;
    [this.#conversation, this.#at, this.#trash] = [conversation, at, trash];
    if (isOther && known) this.#drawHead(known, null);
    else if (isOther) this.#headOf();
    await this.#fill(key ?? keep, key);
    // Counting takes longer than the messages do.
    if (isOther && known) this.#headOf();
  }

  /** Reads again what is shown, where it is shown; whether there was anything. */
  refresh() {
    if (!this.#conversation) return false;
    this.#headOf();
    // Where somebody is just going is not left for where they were.
    if (this.#going) this.#going();
    else this.#fill(this.isAtEnd() ? null : this.firstKey(), null);
    return true;
  }

  /** What was shown is not the present any more: it is read again when it is shown next. */
  forget() {
    this.#conversation = 0;
  }

  isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return !this.#hasNewer && scrollHeight - scrollTop - clientHeight < 80;
  }

  /** The first message in sight. */
  firstKey() {
    const top = this.scroller.getBoundingClientRect().top + 8;
    const items = this.list.children;
    let [low, high] = [0, items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (items[middle].getBoundingClientRect().bottom > top) high = middle;
      else low = middle + 1;
    }
    return /** @type {HTMLElement | undefined} */ (items[low])?.dataset.key ?? null;
  }

  /** @param {string | null} around @param {string | null} shown */
  async #fill(around, shown) {
    const round = (this.#round += 1);
    this.#ask.abort();
    this.#ask = new AbortController();
    this.#ahead = null;
    this.#isLoading = true;
    this.#going = () => this.#fill(around, shown);
    delete this.dataset.shown;
    try {
      /** @type {ThreadPage} */
      const page = await this.#page(around ? { around } : {});
      if (round !== this.#round) return;
      this.list.replaceChildren();
      this.#hasOlder = page.has_older;
      this.#hasNewer = page.has_newer;
      this.#add(page.items, "end");
      this.#edges();
      const target = around && this.list.querySelector(`[data-key="${CSS.escape(around)}"]`);
      if (target) {
        target.scrollIntoView({ block: shown ? "center" : "start" });
        if (shown) this.#flash(target);
      } else this.scroller.scrollTop = around ? this.scroller.scrollHeight / 2 : this.scroller.scrollHeight;
      if (!page.items.length) this.top_.textContent = "";
      if (!page.items.length) this.list.append(h("li", { class: "empty" }, this.#at ? "Nothing was here then." : "No messages."));
      this.#rove(/** @type {HTMLElement} */ (target || this.list.lastElementChild));
      this.dataset.shown = String(this.#conversation);
    } catch (error) {
      if (/** @type {Error} */ (error).name === "AbortError") return;
      const told = /** @type {Refused} */ (error);
      this.list.replaceChildren(h("li", { class: "empty" }, coded(`${told.message} ${told.hint}`)));
      this.top_.textContent = "";
      // Asked for again, it is read again.
      this.forget();
    } finally {
      if (round === this.#round) {
        this.#isLoading = false;
        this.#going = null;
      }
    }
    this.#scrolled().then(() => this.#askAhead("start"));
  }

  /** @param {Record<string, any>} query @returns {Promise<ThreadPage>} */
  #page(query) {
    const moment = { at: this.#at, trash: this.#trash, limit: PAGE };
    return ask(`conversations/${this.#conversation}/messages`, { ...moment, ...query }, this.#ask.signal);
  }

  /**
   * The page next to what is shown: the one that was asked for ahead, where it was.
   * @param {Edge} where @returns {Promise<ThreadPage> | null}
   */
  #beyond(where) {
    const edge = where === "start" ? this.list.firstElementChild : this.list.lastElementChild;
    const key = edge?.dataset.key;
    if (!key) return null;
    const next = `${where} ${key}`;
    if (this.#ahead?.next !== next) {
      const page = this.#page(where === "start" ? { before: key } : { after: key });
      this.#ahead = { next, page };
      // Whoever waits for it hears of a failure; the next one asks again.
      page.catch(() => (this.#ahead?.page === page ? (this.#ahead = null) : null));
    }
    return this.#ahead.page;
  }

  /** Asks for the next page in the direction of reading, before it is needed. @param {Edge} where */
  #askAhead(where) {
    if (where === "start" ? this.#hasOlder : this.#hasNewer) this.#beyond(where);
  }

  /** @param {import("./api.js").Bubble[]} items @param {Edge} where */
  #add(items, where) {
    const context = { at: this.#at, trash: this.#trash, conversation: this.#conversation };
    const made = items.map((item) => bubble(item, context));
    let before = where === "end" ? /** @type {HTMLElement | null} */ (this.list.lastElementChild) : null;
    for (const item of made) {
      dress(item, before);
      before = item;
    }
    if (where === "end") this.list.append(...made);
    else {
      const next = /** @type {HTMLElement | null} */ (this.list.firstElementChild);
      this.list.prepend(...made);
      if (next) dress(next, before);
    }
  }

  async #scrolled() {
    this.#showMonth();
    if (this.#isLoading || !this.list.childElementCount) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (this.#hasOlder && scrollTop < NEAR_PX) await this.#more("start");
    else if (this.#hasNewer && scrollHeight - scrollTop - clientHeight < NEAR_PX) await this.#more("end");
  }

  /** @param {Edge} where */
  async #more(where) {
    const round = this.#round;
    const edge = where === "start" ? this.list.firstElementChild : this.list.lastElementChild;
    const asked = this.#beyond(where);
    if (!edge || !asked) return;
    this.#isLoading = true;
    try {
      const page = await asked;
      if (round !== this.#round) return;
      if (where === "start") this.#hasOlder = page.has_older;
      else this.#hasNewer = page.has_newer;
      // What is in sight stays where it is, whatever comes before it or goes.
      const top = edge.getBoundingClientRect().top;
      this.#add(page.items, where);
      this.#trim(where);
      this.#edges();
      this.scroller.scrollTop += edge.getBoundingClientRect().top - top;
      this.#askAhead(where);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError") return;
    } finally {
      if (round === this.#round) this.#isLoading = false;
    }
  }

  /** Takes away at the other end what is over LIMIT. @param {Edge} where */
  #trim(where) {
    while (this.list.childElementCount > LIMIT) {
      if (where === "start") {
        this.list.lastElementChild?.remove();
        this.#hasNewer = true;
      } else {
        this.list.firstElementChild?.remove();
        this.#hasOlder = true;
      }
    }
    const first = /** @type {HTMLElement | null} */ (this.list.firstElementChild);
    if (first) dress(first, null);
    if (!this.list.querySelector('[tabindex="0"]')) this.#rove(first);
  }

  #edges() {
    this.top_.textContent = this.#hasOlder ? "…" : "The beginning";
  }

  /** @param {HTMLElement | null} item */
  #rove(item) {
    this.list.querySelectorAll('[tabindex="0"]').forEach((/** @type {HTMLElement} */ old) => (old.tabIndex = -1));
    if (item) item.tabIndex = 0;
  }

  /** @param {HTMLElement} item */
  #flash(item) {
    item.classList.add("found");
    setTimeout(() => item.classList.remove("found"), 2_400);
  }

  focusMessages() {
    /** @type {HTMLElement | null} */ (this.list.querySelector('[tabindex="0"]'))?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const item = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("li.message"));
    if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = {
      ArrowUp: item.previousElementSibling, ArrowDown: item.nextElementSibling,
      Home: this.list.firstElementChild, End: this.list.lastElementChild,
    }[event.key];
    if (to) {
      event.preventDefault();
      this.#rove(/** @type {HTMLElement} */ (to));
      /** @type {HTMLElement} */ (to).focus({ preventScroll: true });
      to.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && event.target === item) {
      event.preventDefault();
      this.#open(Number(item.dataset.id));
    } else if (event.key === " " && event.target === item) {
      const photo = item.querySelector("button.photo");
      if (photo) {
        event.preventDefault();
        /** @type {HTMLElement} */ (photo).click();
      }
    }
  }

  /** What belongs to a message and says more of it opens all about it. @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const item = target.closest("button[data-more]")?.closest("li.message");
    if (item) this.#open(Number(/** @type {HTMLElement} */ (item).dataset.id));
  }

  /** @param {number} id */
  async #open(id) {
    const { details } = await import("./details.js");
    details(id, this.#conversation, this.#at, this.#trash);
  }

  async #headOf() {
    const [conversation, at, trash] = [this.#conversation, this.#at, this.#trash];
    const isElsewhere = () => conversation !== this.#conversation || at !== this.#at || trash !== this.#trash;
    /** @type {import("./api.js").Head | null} */
    let found;
    try {
      found = await ask(`conversations/${conversation}`, { at, trash });
    } catch (error) {
      if (isElsewhere()) return;
      this.months.hidden = true;
      this.head.replaceChildren(back(at, trash), h("h1", null, /** @type {Error} */ (error).message));
      return;
    }
    if (isElsewhere()) return;
    if (!found) {
      this.months.hidden = true;
      this.head.replaceChildren(back(at, trash), h("h1", null, at ? "This conversation was not there then." : "This conversation is not here."));
      return;
    }
    this.#drawHead(found.conversation, found.messages);
    await import("./months.js");
    if (isElsewhere()) return;
    // What is not in the page, since another screen is shown, is not upgraded by itself.
    customElements.upgrade(this.months);
    this.months.draw(found.months, (/** @type {number} */ ms) => this.#jumpTo(ms));
    this.#showMonth();
  }

  /** @param {Preview} conversation @param {number | null} messages how many, once they are counted */
  #drawHead({ id, title, is_group, people }, messages) {
    const [at, trash] = [this.#at, this.#trash];
    const told = messages === null ? "" : count(messages, "message");
    const names = is_group ? people.join(", ") : "";
    this.list.classList.toggle("group", is_group);
    this.head.replaceChildren();
    fill(this.head, back(at, trash), avatar(title, is_group),
      h("div", { class: "thread-words" }, h("h1", null, title), h("p", null, [told, names].filter(Boolean).join(" · ") || " ")),
      h("div", { class: "thread-acts" },
        at ? h("a", { class: "button", href: link("restore", { at, c: id }) }, icon("restore"), h("span", null, "Restore")) : null,
        trash ? h("button", { class: "button", onclick: () => takeOut(id) }, icon("restore"), h("span", null, "Take out of the trash")) : null,
        !at && !trash ? h("a", { class: "button quiet", href: link("delete", { c: id }), "aria-label": "Delete this conversation", title: "Delete" }, icon("trash")) : null));
  }

  #showMonth() {
    const key = this.firstKey();
    if (key) this.months.here?.(Number(key.split(".")[0].slice(0, -6)));
  }

  /** @param {number} ms */
  async #jumpTo(ms) {
    const round = (this.#round += 1);
    this.#ahead = null;
    this.#isLoading = true;
    this.#going = () => this.#jumpTo(ms);
    try {
      const page = await this.#page({ date_ms: ms });
      if (round !== this.#round) return;
      this.list.replaceChildren();
      [this.#hasOlder, this.#hasNewer] = [page.has_older, page.has_newer];
      this.#add(page.items, "end");
      this.#edges();
      const first = [...this.list.children].find((item) => Number(item.dataset.time) >= ms) ?? this.list.lastElementChild;
      first?.scrollIntoView({ block: "start" });
      this.#rove(/** @type {HTMLElement} */ (first));
    } catch { /* The line at the foot says that nothing answers. */ } finally {
      if (round === this.#round) {
        this.#isLoading = false;
        this.#going = null;
      }
    }
  }
}

/** @param {number | null} at @param {boolean} trash */
const back = (at, trash) => h("a", { class: "button quiet round back", "aria-label": "Back to the list", href: link(trash ? "trash" : "messages", { at, list: 1 }) }, icon("back"));

/** @param {number} conversation */
async function takeOut(conversation) {
  const { tell } = await import("./api.js");
  await tell("undelete", { conversations: [conversation] });
  go("messages", {});
}

customElements.define("sw-thread", Thread);
