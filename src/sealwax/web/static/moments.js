// @ts-check
/** The time slider: every snapshot is a stop, the present the last one. */
import { ask, listen } from "./api.js";
import { fill, h, icon } from "./h.js";
import { link, place, go } from "./state.js";
import { count, date, dateTime } from "./words.js";

/** @typedef {import("./api.js").Snapshot} Snapshot */

const LABELS = 7;
const SETTLE_MS = 180;

export class Moments extends HTMLElement {
  /** @type {Snapshot[]} oldest first */
  snapshots = [];
  #settled = 0;

  connectedCallback() {
    // Shown again after another screen: it is built already.
    if (this.firstChild) return;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Time");
    this.label = h("p", { class: "moment-now" });
    this.range = h("input", {
      type: "range", min: "0", step: "1", "aria-label": "Moment", oninput: () => this.#moved(),
    });
    this.ticks = h("div", { class: "ticks", "aria-hidden": "true" });
    this.acts = h("div", { class: "moment-acts" });
    fill(this, this.label, h("div", { class: "moment-track" }, this.range, this.ticks), this.acts);
    listen("history", () => this.load());
    this.show(place().at);
  }

  async load() {
    this.snapshots = (await ask("snapshots").catch(() => [])).reverse();
    this.range.max = String(this.snapshots.length);
    this.hidden = !this.snapshots.length;
    this.show(place().at);
  }

  /** @param {number | null} at */
  show(at) {
    const index = at === null ? this.snapshots.length : this.snapshots.findIndex((one) => one.number === at);
    this.range.value = String(index < 0 ? this.snapshots.length : index);
    this.range.disabled = !this.snapshots.length;
    this.#say();
    this.#drawTicks();
  }

  /** One stop further into the past (-1) or towards the present (1). @param {number} step */
  step(step) {
    const index = Math.max(0, Math.min(this.snapshots.length, Number(this.range.value) + step));
    this.#goTo(this.snapshots[index]?.number ?? null);
  }

  #moved() {
    this.#say();
    clearTimeout(this.#settled);
    this.#settled = setTimeout(() => this.#goTo(this.#chosen()?.number ?? null), SETTLE_MS);
  }

  /** @returns {Snapshot | undefined} */
  #chosen() {
    return this.snapshots[Number(this.range.value)];
  }

  /** @param {number | null} at */
  #goTo(at) {
    const here = place();
    if (here.at === at) return;
    if (here.conversation !== null) go(`c/${here.conversation}`, { at });
    else go(here.screen === "messages" ? "messages" : here.screen === "trash" ? "messages" : here.screen, { at });
  }

  #say() {
    const chosen = this.#chosen();
    const words = chosen ? dateTime(chosen.made_ms) : "The present";
    this.range.setAttribute("aria-valuetext", chosen ? `${words}${chosen.name ? `, ${chosen.name}` : ""}` : words);
    this.label.replaceChildren();
    this.classList.toggle("past", !!chosen);
    fill(this.label, h("b", null, words), chosen ? h("span", null, chosen.name || chosen.reason) : this.snapshots.length
      ? h("span", null, count(this.snapshots.length, "snapshot")) : h("span", null, "No snapshot yet"));
    this.acts.replaceChildren();
    if (chosen) fill(this.acts,
      h("p", null, "This is how it was. What was deleted or edited since is marked."),
      h("a", { class: "button", href: link("restore", { at: chosen.number }) }, icon("restore"), h("span", null, "Restore all")),
      h("button", { class: "button quiet", onclick: () => this.#goTo(null) }, "Back to the present"));
  }

  #drawTicks() {
    this.ticks.replaceChildren();
    const stops = this.snapshots.length;
    if (!stops) return;
    const every = Math.max(1, Math.ceil(stops / LABELS));
    const years = new Set(this.snapshots.map((one) => new Date(one.made_ms).getFullYear()));
    let said = "";
    this.snapshots.forEach((one, index) => {
      const text = years.size > 2 ? String(new Date(one.made_ms).getFullYear()) : date(one.made_ms).replace(/,? \d{4}$/, "");
      // A label is said once, and leaves room for the present's.
      const isNamed = index % every === 0 && text !== said && (index + 1) / (stops + 1) < 0.88;
      if (isNamed) said = text;
      const tick = h("i", null, isNamed && h("span", null, text));
      tick.style.left = `${(100 * index) / stops}%`;
      this.ticks.append(tick);
    });
    const last = h("i", { class: "now" }, h("span", null, "Present"));
    last.style.left = "100%";
    this.ticks.append(last);
  }
}

customElements.define("sw-moments", Moments);
