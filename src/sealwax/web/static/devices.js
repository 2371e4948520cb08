// @ts-check
/** The devices of the account, with their switches. */
import { ask, listen, run, tell } from "./api.js";
import { say } from "./foot.js";
import { fill, h, icon } from "./h.js";
import { date, dateTime } from "./words.js";

class Devices extends HTMLElement {
  #unhear = () => {};

  connectedCallback() {
    this.#unhear = listen("devices", () => this.#load());
    this.#load();
  }

  disconnectedCallback() {
    this.#unhear();
  }

  async #load() {
    try {
      this.#draw(await ask("devices"));
    } catch (error) {
      this.replaceChildren(h("p", { class: "empty" }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {import("./api.js").Device[]} devices */
  #draw(devices) {
    const focused = this.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
    this.replaceChildren();
    fill(this, h("div", { class: "page" },
      h("header", { class: "page-head" }, h("div", null, h("h1", null, "Devices"),
        h("p", { class: "lead" }, "Sync shows the same history everywhere. Backup keeps snapshots. Each can be off on its own.")),
        h("div", { class: "card-acts" },
          h("button", { class: "button first", onclick: () => run("actions/sync-now") }, icon("cloud"), h("span", null, "Sync now")),
          h("button", { class: "button", onclick: () => run("actions/backup-now") }, icon("snapshots"), h("span", null, "Back up now")))),
      h("ul", { class: "cards" }, devices.map((one) => h("li", { class: "card" },
        h("div", { class: "card-head" },
          h("div", { class: "with-icon" }, icon("devices"), h("div", null, h("h2", null, one.name, one.is_this && h("span", { class: "badge" }, "this device")),
            h("p", null, [one.added_ms && `added ${date(one.added_ms)}`, one.last_seen_ms && `last seen ${dateTime(one.last_seen_ms)}`].filter(Boolean).join(" · "))))),
        h("div", { class: "switches" }, this.#switch(one, "sync", "Sync", one.is_sync_on), this.#switch(one, "backup", "Backup", one.is_backup_on)),
        !one.is_this && h("p", { class: "row-time" }, "As it told; its switches are turned there."),
        !one.is_sync_on && !one.is_backup_on && h("p", { class: "badge bad" }, "Neither sync nor backup: nothing new on it is kept anywhere else."))))));
    // A switch that was turned by the keyboard stays in hand.
    if (focused) /** @type {HTMLElement | null} */ (this.querySelector(`[aria-label="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {import("./api.js").Device} device @param {string} what @param {string} words @param {boolean} isOn */
  #switch(device, what, words, isOn) {
    return h("button", {
      class: "switch", role: "switch", "aria-checked": String(isOn), "aria-label": `${words} on ${device.name}`,
      disabled: !device.is_this,
      onclick: async () => {
        try {
          this.#draw(await tell("devices", { device: device.id, what, is_on: !isOn }));
        } catch (error) {
          const told = /** @type {import("./api.js").Refused} */ (error);
          say(told.message, told.hint);
        }
      },
    }, h("i", null), h("span", null, words), h("small", null, isOn ? "on" : "off"));
  }
}

customElements.define("sw-devices", Devices);
