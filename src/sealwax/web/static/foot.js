// @ts-check
/** The foot of every screen: whether everything is safe, and what is being done. */
import { listen, tell, whenLost } from "./api.js";
import { coded, fill, h, icon } from "./h.js";
import { go, link } from "./state.js";
import { many, size, span } from "./words.js";

/** @typedef {import("./api.js").Job} Job */

const SHOWN_MS = 8_000;
const SHOWN_WITH_UNDO_MS = 60_000;
const TOASTS = 2;

export class Foot extends HTMLElement {
  #isLost = false;
  #asked = /** @type {Set<string>} */ (new Set());
  #ended = /** @type {Job[]} */ ([]);

  connectedCallback() {
    this.setAttribute("role", "contentinfo");
    this.safety = h("a", { class: "safety", href: link("health") });
    this.said = h("div", { class: "said", role: "status" }, this.safety);
    this.work = h("div", { class: "work" });
    this.news = h("div", { class: "news", role: "status" });
    fill(this, this.news, this.said, this.work);
    listen("safety", (safety) => this.#safety(safety));
    listen("jobs", (jobs) => this.#jobs(jobs));
    listen("asked", (job) => {
      this.#asked.add(job);
      this.#tellEnds();
    });
    listen("refused", (told) => say(told.message, told.hint));
    listen("broken", () => this.#broken());
    listen("open", () => (this.#isLost = false));
    whenLost(() => this.lost());
    this.#safety({ level: "note", sentence: "Looking …" });
  }

  /** @param {{level: string, sentence: string}} safety */
  #safety(safety) {
    if (this.#isLost) return;
    this.safety.className = `safety ${safety.level}`;
    this.safety.replaceChildren(icon(safety.level), h("span", null, safety.sentence));
  }

  #broken() {
    this.work.replaceChildren();
    if (this.#isLost) return;
    this.safety.className = "safety danger";
    this.safety.replaceChildren(icon("danger"), h("span", null,
      coded("Sealwax does not answer. This page comes back by itself when it does; if it was ended, run `sealwax open`.")));
  }

  /** The session is over: only a new link opens it again. */
  lost() {
    this.#isLost = true;
    this.safety.className = "safety danger";
    this.safety.replaceChildren(icon("danger"), h("span", null,
      coded("Sealwax was started again. Run `sealwax open` for a new page, then close this one.")));
  }

  /** @param {Job[]} jobs */
  #jobs(jobs) {
    const active = jobs.filter((job) => job.state === "running" || job.state === "waiting");
    this.work.replaceChildren(...active.map((job) => this.#working(job)));
    this.#ended = jobs.filter((job) => !active.includes(job));
    this.#tellEnds();
    dispatchEvent(new CustomEvent("sealwax-jobs", { detail: jobs }));
  }

  /** What the agent does by itself is no news when it ends: the sentence beside says how things stand. */
  #tellEnds() {
    for (const job of this.#ended) if (this.#asked.delete(job.id)) this.toast(job);
  }

  /** @param {Job} job */
  #working(job) {
    const progress = job.progress;
    const parts = [job.sentence || job.kind];
    if (progress?.total) parts.push(`${many(progress.done)} of ${many(progress.total)}`);
    else if (progress?.done) parts.push(many(progress.done));
    if (progress?.total_bytes) parts.push(`${size(progress.done_bytes)} of ${size(progress.total_bytes)}`);
    if (progress?.remaining_seconds) parts.push(span(progress.remaining_seconds));
    if (progress?.pause) parts.push(progress.pause);
    const bar = h("progress", { "aria-label": job.sentence || job.kind, max: progress?.total || null });
    if (progress?.total) bar.value = progress.done;
    return h("div", { class: "job" }, h("span", null, parts.join(" · ")), bar,
      h("button", { class: "button quiet small", onclick: () => tell(`jobs/${job.id}/cancel`) }, "Stop"));
  }

  /** @param {Job} job */
  toast(job) {
    const undo = job.result?.undo;
    const close = () => made.remove();
    const made = h("div", { class: `toast ${job.state}` }, icon(job.state === "done" ? "ok" : "warn"),
      h("span", null, coded(job.sentence || job.result?.sentence || job.kind), job.hint && h("small", null, coded(job.hint))),
      undo ? h("button", { class: "button small", onclick: () => { close(); undoing(undo); } }, "Undo") : null,
      h("button", { class: "quiet round", "aria-label": "Dismiss", onclick: close }, icon("close")));
    this.news.append(made);
    while (this.news.childElementCount > TOASTS) this.news.firstElementChild?.remove();
    if (job.state === "done") setTimeout(close, undo ? SHOWN_WITH_UNDO_MS : SHOWN_MS);
  }
}

/** @param {{restore?: import("./api.js").RestoreAsked | null, undelete?: import("./api.js").Chosen | null}} undo */
export function undoing(undo) {
  if (undo.undelete) return tell("undelete", undo.undelete);
  const restore = undo.restore;
  if (restore) {
    const chosen = restore.chosen ?? {};
    go("restore", {
      at: restore.snapshot, mode: restore.mode, undo: 1,
      c: chosen.conversations?.join(","), m: chosen.messages?.join(","),
    });
  }
}

/** Says something at the foot that a job did not. @param {string} sentence @param {string} [hint] */
export function say(sentence, hint = "") {
  const foot = /** @type {Foot | null} */ (document.querySelector("sw-foot"));
  foot?.toast({ id: "", kind: "", state: "failed", progress: null, sentence, error_code: "", hint, result: null });
}

customElements.define("sw-foot", Foot);
