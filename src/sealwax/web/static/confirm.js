// @ts-check
/** A plan, shown before anything is done: a restore, taking one back, a deletion. */
import { ask, post, tell, tellOf } from "./api.js";
import { undoing } from "./foot.js";
import { coded, fill, h, icon } from "./h.js";
import { go, link, place } from "./state.js";
import { count, dateTime, many } from "./words.js";

/** @typedef {{id: string, kind: string, messages_back: number, messages_gone: number, conversations_back: number, conversations_gone: number, attachments_back: number, facts_back: number, samples: string[]}} Plan */

/** @param {string | null} text */
const numbers = (text) => (text ?? "").split(",").filter(Boolean).map(Number).filter(Number.isSafeInteger);

class Confirm extends HTMLElement {
  #job = "";
  chosen = { conversations: /** @type {number[]} */ ([]), messages: /** @type {number[]} */ ([]) };
  #plan = /** @type {Plan | null} */ (null);
  #heard = (/** @type {any} */ event) => this.#jobs(event.detail);

  connectedCallback() {
    const here = place();
    this.isDelete = here.screen === "delete";
    this.chosen = { conversations: numbers(here.query.get("c")), messages: numbers(here.query.get("m")) };
    this.mode = here.query.get("mode") === "replace" ? "replace" : "merge";
    this.isUndo = here.query.get("undo") === "1";
    this.at = here.at;
    this.home = this.chosen.conversations[0] ?? numbers(here.query.get("c0"))[0] ?? null;
    addEventListener("sealwax-jobs", this.#heard);
    this.#begin();
  }

  disconnectedCallback() {
    removeEventListener("sealwax-jobs", this.#heard);
    // Whoever does not wait here hears of the end at the foot.
    if (this.#job) tellOf(this.#job);
  }

  async #begin() {
    const snapshots = this.at === null ? [] : await ask("snapshots").catch(() => []);
    this.snapshot = snapshots.find((/** @type {any} */ one) => one.number === this.at) ?? null;
    this.what = "everything";
    if (this.chosen.messages.length) this.what = this.chosen.messages.length === 1 ? "one message" : count(this.chosen.messages.length, "message");
    else if (this.home !== null) {
      const head = await ask(`conversations/${this.home}`, { at: this.isUndo ? null : this.at }).catch(() => null);
      this.what = head ? `the conversation with ${head.conversation.title}` : "one conversation";
    }
    const title = this.isDelete ? `Delete ${this.what}?` : this.isUndo ? "Undo" : `Restore ${this.what}`;
    const when = this.snapshot ? dateTime(this.snapshot.made_ms) : "";
    const lead = this.at !== null && !this.snapshot ? "This snapshot is not there any more."
      : this.isDelete ? "It goes to the trash here. The phone is not touched."
      : this.isUndo ? `Back to how ${this.what} was before, at ${when}.`
      : `As it was at ${when}${this.snapshot?.name ? `, “${this.snapshot.name}”` : ""}. The phone is not touched.`;
    this.plan = h("section", { class: "plan", "aria-live": "polite" });
    this.acts = h("div", { class: "sheet-acts" });
    this.replaceChildren();
    fill(this, h("div", { class: "page narrow" }, h("header", { class: "page-head" }, h("div", null, h("h1", null, title), h("p", { class: "lead" }, lead))),
      !this.isDelete && !this.isUndo ? this.#modes() : null, this.plan, this.acts));
    this.#show();
  }

  #modes() {
    const mode = (/** @type {string} */ value, /** @type {string} */ words, /** @type {string} */ more) =>
      h("label", { class: "choice" }, h("input", { type: "radio", name: "mode", value, checked: this.mode === value, onchange: () => {
        this.mode = value;
        this.#show();
      } }), h("span", null, h("b", null, words), h("small", null, more)));
    return h("fieldset", { class: "choices" }, h("legend", { class: "unseen" }, "How"),
      mode("merge", "Bring back what is missing", "Nothing newer is touched."),
      mode("replace", "Make it what it was", "What is newer goes to the trash, after a snapshot."));
  }

  async #show() {
    this.plan.replaceChildren(h("p", { class: "empty" }, "Planning …"));
    this.acts.replaceChildren();
    const cancel = h("button", { class: "button quiet", onclick: () => this.#back() }, "Cancel");
    try {
      const body = this.isDelete ? { chosen: this.chosen } : { snapshot: this.at, chosen: this.chosen, mode: this.mode };
      const mode = this.mode;
      const plan = /** @type {Plan} */ (await tell(this.isDelete ? "plans/delete" : "plans/restore", body));
      if (mode !== this.mode) return;
      this.#plan = plan;
    } catch (error) {
      const told = /** @type {import("./api.js").Refused} */ (error);
      this.plan.replaceChildren(h("p", { class: "empty" }, coded(`${told.message} ${told.hint}`)));
      this.acts.replaceChildren(cancel);
      return;
    }
    const plan = this.#plan;
    const isNothing = !plan.messages_back && !plan.messages_gone && !plan.conversations_back && !plan.conversations_gone && !plan.facts_back;
    this.plan.replaceChildren();
    if (isNothing) fill(this.plan, h("p", { class: "empty" }, "There is nothing to do: the present shows all of it."));
    else fill(this.plan, h("dl", { class: "sum" },
      !this.isDelete && sum(signed("+", plan.messages_back), "messages come back", plan.messages_back ? "good" : ""),
      sum(signed("−", plan.messages_gone), "messages go to the trash", plan.messages_gone ? "bad" : ""),
      !this.isDelete && sum(many(plan.attachments_back), "attachments come back", ""),
      plan.facts_back ? sum(many(plan.facts_back), "facts as they were: names, reactions", "") : null,
      plan.conversations_back ? sum(`+${many(plan.conversations_back)}`, "conversations come back", "good") : null),
      plan.samples.length ? h("div", { class: "samples" }, h("h2", null, "Among them"), h("ul", null, plan.samples.map((text) => h("li", { dir: "auto" }, text)))) : null);
    const words = this.isDelete ? "Move to the trash" : this.isUndo ? "Undo" : "Restore";
    this.acts.replaceChildren();
    fill(this.acts, isNothing ? null : h("button", { class: "button first", onclick: () => this.#do() }, icon(this.isDelete ? "trash" : "restore"), h("span", null, words)), cancel);
    /** @type {HTMLElement | null} */ (this.acts.querySelector("button"))?.focus({ preventScroll: true });
  }

  async #do() {
    this.acts.replaceChildren(h("p", { role: "status" }, "Working …"));
    this.bar = h("progress", { "aria-label": "Progress" });
    this.plan.append(this.bar);
    try {
      const body = { plan: this.#plan?.id };
      if (this.isDelete) {
        // Back to where one was; the foot tells of it, and undoes it.
        await tell("plans/confirmed", body);
        if (this.chosen.messages.length && this.home !== null) go(`c/${this.home}`);
        else go("messages");
        return;
      }
      this.#job = (await post("plans/confirmed", body)).job;
      this.#jobs(await ask("jobs"));
    } catch (error) {
      const told = /** @type {import("./api.js").Refused} */ (error);
      this.acts.replaceChildren(h("p", { class: "badge bad" }, coded(`${told.message} ${told.hint}`)));
    }
  }

  /** @param {import("./api.js").Job[]} jobs */
  #jobs(jobs) {
    const job = jobs.find((one) => one.id === this.#job);
    if (!this.#job || !job) return;
    if (job.progress?.total && this.bar) [this.bar.max, this.bar.value] = [job.progress.total, job.progress.done];
    if (job.state === "running" || job.state === "waiting") return;
    this.#job = "";
    const isDone = job.state === "done";
    this.plan.replaceChildren(h("p", { class: isDone ? "done" : "done failed", role: "status" }, icon(isDone ? "ok" : "warn"), h("span", null, coded(job.sentence), job.hint && h("small", null, coded(job.hint)))));
    const undo = job.result?.undo;
    this.acts.replaceChildren();
    fill(this.acts, h("a", { class: "button first", href: this.home === null ? link("messages") : link(`c/${this.home}`) }, "Show the present"),
      undo && !this.isUndo ? h("button", { class: "button quiet", onclick: () => undoing(undo) }, "Undo") : null);
    if (document.activeElement === document.body) this.acts.querySelector("a")?.focus({ preventScroll: true });
  }

  #back() {
    if (history.length > 1) history.back();
    else go("messages");
  }
}

/** @param {string} sign @param {number} number */
const signed = (sign, number) => (number ? sign : "") + many(number);

/** @param {string} value @param {string} words @param {string} kind */
const sum = (value, words, kind) => h("div", { class: kind }, h("dd", null, value), h("dt", null, words));

customElements.define("sw-confirm", Confirm);
