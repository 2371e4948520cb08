// @ts-check
/** A photo in full, over everything. */
import { h, icon } from "./h.js";
import { size } from "./words.js";

/** @param {import("./api.js").File} file @param {HTMLElement} opener */
export function lightbox(file, opener) {
  const photos = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("button.photo")]);
  const close = () => box.close();
  const turn = (/** @type {number} */ step) => {
    const next = photos[photos.indexOf(opener) + step];
    if (!next) return;
    close();
    next.click();
  };
  // What the browser cannot show in full is shown small.
  const image = h("img", { src: `api/files/${file.id}`, alt: `Photo ${file.name}`,
    onerror: () => { if (!image.src.includes("thumbnails")) image.src = `api/thumbnails/${file.id}`; } });
  const box = h("dialog", {
    class: "lightbox", "aria-label": `Photo ${file.name}`,
    onclose: () => { box.remove(); opener.focus({ preventScroll: true }); },
    onclick: (/** @type {Event} */ event) => event.target !== image && !(/** @type {HTMLElement} */ (event.target)).closest("a, button") && close(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "ArrowLeft") turn(-1);
      if (event.key === "ArrowRight") turn(1);
    },
  }, h("button", { class: "quiet round", "aria-label": "Close", onclick: close }, icon("close")), image,
    h("p", null, `${file.name} · ${size(file.size_bytes)} `, h("a", { href: `api/files/${file.id}`, download: file.name }, "Save")));
  document.body.append(box);
  box.showModal();
}
