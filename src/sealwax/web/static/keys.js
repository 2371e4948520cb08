// @ts-check
/** The keyboard shortcuts, shown. docs/web-app.md has the same table. */
import { dialog, h } from "./h.js";

const KEYS = [
  ["/", "Search"], ["l", "Go to the list"], ["m", "Go to the messages"],
  ["↑ ↓", "From row to row, from message to message"], ["Enter", "Open; for a message, all about it"],
  ["Space", "Open the photo of a message"], ["[ ]", "One snapshot back, one forward"], ["p", "The present"],
  ["s", "Snapshots"], ["d", "Devices"], ["h", "Safety"], ["t", "Light or dark"],
  ["Esc", "Close, go back"], ["?", "This list"],
];

export function showKeys() {
  dialog("Keyboard shortcuts", h("dl", { class: "keys" }, KEYS.map(([keys, words]) =>
    h("div", null, h("dt", null, keys.split(" ").map((key) => h("kbd", null, key))), h("dd", null, words)))));
}
