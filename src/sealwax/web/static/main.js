// @ts-check
/** The shell: the list at one side, one screen beside it, the time above, the foot below. */
import { connect, listen, prime } from "./api.js";
import "./foot.js";
import { fill, h, icon } from "./h.js";
import { List } from "./list.js";
import { Moments } from "./moments.js";
import { go, isDark, link, place, setTheme, showTheme } from "./state.js";
import { Thread } from "./thread.js";

const WIDE = matchMedia("(min-width: 900px)");
const SCREENS = /** @type {Record<string, {title: string, load: () => Promise<any>, tag: string}>} */ ({
  snapshots: { title: "Snapshots", load: () => import("./snapshots.js"), tag: "sw-snapshots" },
  devices: { title: "Devices", load: () => import("./devices.js"), tag: "sw-devices" },
  health: { title: "Safety", load: () => import("./health.js"), tag: "sw-health" },
  source: { title: "Whose messages?", load: () => import("./source.js"), tag: "sw-source" },
  restore: { title: "Restore", load: () => import("./confirm.js"), tag: "sw-confirm" },
  delete: { title: "Delete", load: () => import("./confirm.js"), tag: "sw-confirm" },
});
const RAIL = [["messages", "Messages"], ["snapshots", "Snapshots"], ["devices", "Devices"], ["health", "Safety"], ["trash", "Trash"]];

class App extends HTMLElement {
  #shown = "";
  #isBroken = false;
  #lastConversation = /** @type {number | null} */ (null);
  list = new List();
  thread = new Thread();
  moments = new Moments();

  connectedCallback() {
    showTheme();
    this.screen = h("main", { class: "screen", id: "main", tabIndex: -1 });
    this.theme = h("button", { class: "rail-button", onclick: () => this.#turnTheme() });
    this.rail = h("nav", { class: "rail", "aria-label": "Sealwax" },
      h("a", { class: "seal", href: link("messages"), "aria-label": "Sealwax: messages" }, h("img", { src: "static/seal.svg", alt: "", width: 30, height: 30 })),
      RAIL.map(([name, words]) => h("a", { class: "rail-button", href: link(name), "data-name": name }, icon(name), h("span", null, words))),
      h("span", { class: "rail-space" }),
      h("button", { class: "rail-button", "aria-label": "Keyboard shortcuts", onclick: showKeys }, icon("keys"), h("span", null, "Keys")),
      this.theme);
    this.side = h("section", { class: "side", "aria-label": "Conversations" }, this.list);
    this.main = h("div", { class: "main" }, this.moments, this.screen);
    fill(this, h("a", { class: "skip", href: "#main", onclick: (/** @type {Event} */ event) => {
      event.preventDefault();
      this.screen.focus();
    } }, "Skip to the messages"), this.rail, this.side, this.main, h("sw-foot"));
    this.#sayTheme();
    addEventListener("hashchange", () => this.show());
    addEventListener("keydown", (event) => this.#key(event));
    WIDE.addEventListener("change", () => this.show());
    listen("history", () => this.#readAgain());
    listen("broken", () => (this.#isBroken = true));
    listen("open", () => {
      if (this.#isBroken) this.#readAgain();
      this.#isBroken = false;
    });
    prime();
    // What is not needed to draw the first message comes after it.
    this.show().finally(() => {
      this.moments.load();
      connect();
    });
  }

  async show() {
    const here = place();
    this.dataset.screen = here.conversation !== null ? "thread" : here.screen;
    // On a narrow screen the list is all there is.
    const isList = !WIDE.matches && (here.screen === "messages" || here.screen === "trash");
    this.side.setAttribute("role", isList ? "main" : "region");
    this.classList.toggle("in-past", here.at !== null);
    this.moments.show(here.at);
    const railName = here.trash || here.screen === "trash" ? "trash" : SCREENS[here.screen] ? here.screen : "messages";
    for (const one of this.rail.querySelectorAll("a[data-name]")) {
      const name = one.getAttribute("data-name") ?? "";
      if (name === railName) one.setAttribute("aria-current", "page");
      else one.removeAttribute("aria-current");
      one.setAttribute("href", link(name, { at: name === "messages" || name === "snapshots" ? here.at : null }));
    }
    const trash = here.trash || here.screen === "trash";
    const screen = SCREENS[here.screen];
    if (screen) {
      document.title = `${screen.title} · Sealwax`;
      this.list.show(here.at, trash).catch(() => undefined);
      await screen.load();
      if (location.hash === this.#shown && this.screen.firstElementChild?.localName === screen.tag) return;
      this.#shown = location.hash;
      this.screen.replaceChildren(document.createElement(screen.tag));
      this.screen.focus({ preventScroll: true });
      return;
    }
    this.#shown = location.hash;
    const listed = this.list.show(here.at, trash).catch(() => undefined);
    let conversation = here.conversation;
    if (conversation === null && WIDE.matches) {
      conversation = here.screen === "trash" ? null : this.#lastConversation;
      conversation ??= (await listed)?.id ?? null;
      if (location.hash !== this.#shown) return;
    }
    this.list.choose(conversation);
    if (conversation === null) {
      document.title = "Sealwax";
      if (WIDE.matches) this.screen.replaceChildren(nothing(trash, here.at !== null));
      return;
    }
    if (!trash) this.#lastConversation = conversation;
    if (this.screen.firstElementChild !== this.thread) this.screen.replaceChildren(this.thread);
    document.title = "Messages · Sealwax";
    await this.thread.show(conversation, here.at, trash, here.key, this.list.known(conversation));
  }

  /** What is shown may be otherwise by now. */
  #readAgain() {
    const here = place();
    this.list.show(here.at, here.trash || here.screen === "trash", true).catch(() => undefined);
    if (this.screen.firstElementChild !== this.thread) this.thread.forget();
    else if (!this.thread.refresh()) this.show();
  }

  #turnTheme() {
    setTheme(isDark() ? "light" : "dark");
    this.#sayTheme();
  }

  #sayTheme() {
    const dark = isDark();
    this.theme.setAttribute("aria-label", dark ? "Light colours" : "Dark colours");
    this.theme.replaceChildren(icon(dark ? "sun" : "moon"), h("span", null, dark ? "Light" : "Dark"));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.matches("input:not([type=range]):not([type=radio]), textarea, select")) return;
    const acts = /** @type {Record<string, () => void>} */ ({
      "/": () => (this.#toList(), this.list.focusSearch()),
      "?": showKeys,
      "l": () => (this.#toList(), this.list.focusRow()),
      "m": () => this.thread.focusMessages(),
      "[": () => this.moments.step(-1),
      "]": () => this.moments.step(1),
      "p": () => this.moments.step(this.moments.snapshots.length + 1),
      "s": () => go("snapshots"),
      "d": () => go("devices"),
      "h": () => go("health"),
      "t": () => this.#turnTheme(),
      "Escape": () => (place().screen === "c" && !WIDE.matches ? go("messages", { at: place().at, list: 1 })
        : SCREENS[place().screen] ? go("messages", { at: place().at }) : this.list.focusRow()),
    });
    const act = acts[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  }

  /** On a narrow screen the list is a screen of its own. */
  #toList() {
    if (!WIDE.matches && place().screen !== "messages") go("messages", { at: place().at, list: 1 });
  }
}

/** What stands where a conversation would, when there is none. @param {boolean} trash @param {boolean} isPast */
function nothing(trash, isPast) {
  if (trash) return h("p", { class: "empty middle" }, "What is deleted here stays in the trash for 30 days.");
  if (isPast) return h("p", { class: "empty middle" }, "There was no conversation then.");
  return h("p", { class: "empty middle" }, h("img", { src: "static/seal.svg", alt: "", width: 72, height: 72 }),
    h("b", null, "Your messages will be here"),
    "Add the Messages of a Mac, a phone’s backup, or an export. They are read, never written to, and kept sealed.");
}

async function showKeys() {
  (await import("./keys.js")).showKeys();
}

customElements.define("sw-app", App);
