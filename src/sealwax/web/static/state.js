// @ts-check
/** Where the page is: read from the address after "#", so that going back and forth works. */

/**
 * @typedef {{screen: string, conversation: number | null, at: number | null, key: string | null,
 *   trash: boolean, query: URLSearchParams}} Place
 */

/** @returns {Place} */
export function place() {
  const [path, words] = location.hash.replace(/^#\/?/, "").split("?");
  const query = new URLSearchParams(words ?? "");
  const [screen, id] = path.split("/");
  return {
    screen: screen || "messages",
    conversation: screen === "c" && /^\d+$/.test(id ?? "") ? Number(id) : null,
    at: /^\d+$/.test(query.get("at") ?? "") ? Number(query.get("at")) : null,
    key: query.get("key"),
    trash: query.get("trash") === "1",
    query,
  };
}

/**
 * An address within the page.
 * @param {string} screen @param {Record<string, any>} [query]
 */
export function link(screen, query = {}) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== false && value !== "") {
      words.set(name, value === true ? "1" : String(value));
    }
  }
  return `#/${screen}${words.size ? `?${words}` : ""}`;
}

/** @param {string} screen @param {Record<string, any>} [query] @param {boolean} [isInPlace] */
export function go(screen, query = {}, isInPlace = false) {
  const to = link(screen, query);
  if (isInPlace) {
    history.replaceState(null, "", to);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else if (location.hash === to) {
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = to;
  }
}

const THEME = "sealwax-theme";

/** "light", "dark", or "" for what the system says. */
export const theme = () => localStorage.getItem(THEME) ?? "";

/** @param {string} wanted */
export function setTheme(wanted) {
  localStorage.setItem(THEME, wanted);
  showTheme();
}

export function showTheme() {
  if (theme()) document.documentElement.dataset.theme = theme();
  else delete document.documentElement.dataset.theme;
}

/** Whether dark is shown now. */
export const isDark = () =>
  theme() === "dark" || (theme() === "" && matchMedia("(prefers-color-scheme: dark)").matches);
