// The screen for when the app cannot be shown: never started online, not a technician, or broken. Owns its three sentences.

import { $, clone, put, show } from "../lib/dom.js";
import { t } from "../lib/words.js";

export const view = {
  start(place, { why = "offline" }) {
    const root = clone("closed");
    put(root, "title", t(`closed.${why}`));
    put(root, "text", t(`closed.${why}_hint`));
    $("button", root).addEventListener("click", () => location.replace(location.pathname));
    show($("a", root), why === "refused");
    place.append(root);
  },
};
