// @ts-check
/** Asking the server, and hearing from it over one shared stream. */

/**
 * @typedef {{kind: string, emoji: string | null, who: string, is_mine: boolean}} Reaction
 * @typedef {{id: number, name: string, kind: string, size_bytes: number, is_kept: boolean, is_elsewhere: boolean}} File
 * @typedef {{id: number, key: string, time_ms: number, from_me: boolean, who: string, text: string,
 *   service?: string, subject?: string, is_cut?: boolean, wordings?: number, is_unsent?: boolean,
 *   reactions?: Reaction[], reply?: {id: number, key: string, who: string, text: string} | null,
 *   effect?: string, app?: string, event?: Record<string, string>, files?: File[],
 *   lost_files?: number, in_trash?: boolean, is_held?: boolean, standing?: string, read_ms?: number,
 *   delivered_ms?: number, since?: string}} Bubble
 * @typedef {{id: number, title: string, is_group: boolean, time_ms: number, text: string,
 *   from_me: boolean, people: string[]}} Preview
 * @typedef {{items: Preview[], total: number, next_offset: number | null}} ListPage
 * @typedef {{items: Bubble[], has_older: boolean, has_newer: boolean}} ThreadPage
 * @typedef {{conversation: Preview, messages: number, months: [number, number, number][]}} Head
 * @typedef {{number: number, name: string, reason: string, made_ms: number, lock_until_ms: number,
 *   messages: number, conversations: number, attachments: number, file_bytes: number,
 *   space_back_bytes: number}} Snapshot
 * @typedef {{phase: string, done: number, total: number, done_bytes: number, total_bytes: number,
 *   remaining_seconds: number | null, pause: string}} Progress
 * @typedef {{conversations?: number[], messages?: number[]}} Chosen
 * @typedef {{snapshot: number, chosen?: Chosen, mode?: string}} RestoreAsked
 * @typedef {{id: string, kind: string, state: string, progress: Progress | null, sentence: string,
 *   error_code: string, hint: string, result: {sentence?: string, undo?: {restore?: RestoreAsked,
 *   undelete?: Chosen} | null} | null}} Job
 * @typedef {{level: string, text: string, remedy: string, action: string,
 *   subject: string}} Line
 * @typedef {{sentence: string, level: string, lines: Line[]}} Safety
 * @typedef {{id: string, name: string, is_this: boolean, added_ms: number | null,
 *   last_seen_ms: number | null, is_sync_on: boolean, is_backup_on: boolean}} Device
 */

/** What the server said against a request. */
export class Refused extends Error {
  /** @param {number} status @param {{code?: string, sentence?: string, hint?: string}} told */
  constructor(status, told) {
    super(told.sentence || "Sealwax does not answer.");
    this.status = status;
    this.code = told.code ?? "";
    this.hint = told.hint ?? "";
  }
}

/** @type {Set<() => void>} */
const onLost = new Set();

/**
 * @param {string} path
 * @param {Record<string, any>} [query] what is null or undefined is left out
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function ask(path, query = {}, signal) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "" && value !== false) words.set(name, String(value));
  }
  const asked = `${path}${words.size ? `?${words}` : ""}`;
  const known = primed.get(asked);
  primed.delete(asked);
  return known ?? answer(fetch(`api/${asked}`, { signal }));
}

/** Answers that came along with the first one. @type {Map<string, Promise<any>>} */
const primed = new Map();

/** Asks for the first list and the first thread at once. */
export function prime() {
  const first = answer(fetch("api/first"));
  const list = first.then((found) => {
    if (found.thread) primed.set(`conversations/${found.list.items[0].id}/messages?limit=60`, Promise.resolve(found.thread));
    return found.list;
  });
  // Whoever asks for it hears of a failure; where nobody does, it is none.
  list.catch(() => undefined);
  primed.set("conversations?offset=0&limit=60", list);
}

/** @param {string} path @param {any} [body] @returns {Promise<any>} */
export async function tell(path, body = {}) {
  const told = await post(path, body);
  if (told?.job) tellOf(told.job);
  return told;
}

/** Like `tell`, for whoever shows the end of the job itself. @param {string} path @param {any} body @returns {Promise<any>} */
export function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answer(fetch(`api/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** The foot tells how this job ends. @param {string} job */
export const tellOf = (job) => stream.dispatchEvent(new CustomEvent("asked", { detail: job }));

/**
 * Does what a button says; a refusal is told at the foot.
 * @param {string} path @param {any} [body] @returns {Promise<any>} null where it was refused
 */
export async function run(path, body) {
  try {
    return await tell(path, body);
  } catch (error) {
    stream.dispatchEvent(new CustomEvent("refused", { detail: error }));
    return null;
  }
}

/** @param {Promise<Response>} asked */
async function answer(asked) {
  let response;
  try {
    response = await asked;
  } catch (error) {
    if (/** @type {Error} */ (error).name === "AbortError") throw error;
    throw new Refused(0, { sentence: "Sealwax does not answer.", hint: "It may have been ended." });
  }
  if (response.ok) return response.json();
  const told = await response.json().catch(() => ({}));
  if (response.status === 401 || (response.status === 404 && !told.code)) onLost.forEach((hear) => hear());
  throw new Refused(response.status, told);
}

/** Called when the session is over. @param {() => void} hear */
export const whenLost = (hear) => onLost.add(hear);

const stream = new EventTarget();
/** @type {EventSource | null} */
let source = null;

/**
 * Hears of "jobs", "safety", "history", "devices", of a job that this page "asked" for, of what was
 * "refused", and of the line itself: "open", "broken".
 * @param {string} kind @param {(data: any) => void} hear @returns {() => void} ends it
 */
export function listen(kind, hear) {
  const heard = (/** @type {Event} */ event) => hear(/** @type {CustomEvent} */ (event).detail);
  stream.addEventListener(kind, heard);
  return () => stream.removeEventListener(kind, heard);
}

/** Opens the one stream of the page; it comes back by itself while the server is there. */
export function connect() {
  source?.close();
  source = new EventSource("api/events");
  source.onopen = () => stream.dispatchEvent(new CustomEvent("open"));
  source.onerror = () => {
    stream.dispatchEvent(new CustomEvent("broken"));
    // A stream that was refused for good is closed: find out why, and try again later.
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => ask("jobs").then(connect, again), 1500);
  };
  for (const kind of ["jobs", "safety", "history", "devices"]) {
    source.addEventListener(kind, (event) => {
      const data = JSON.parse(/** @type {MessageEvent} */ (event).data);
      if (kind === "history") primed.clear();
      stream.dispatchEvent(new CustomEvent(kind, { detail: data }));
    });
  }
}

/** @param {Refused} error */
function again(error) {
  if (error.status === 0) setTimeout(() => ask("jobs").then(connect, again), 2000);
}
