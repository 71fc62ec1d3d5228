// The screen for when the app cannot be shown: never started online, too long without the server, out of use, not a
// technician, or broken. Owns its sentences.

import { $, clone, put, show } from "../lib/dom.js";
import { t } from "../lib/words.js";

const reload = () => location.replace(location.pathname);
let rescue = null;

export const view = {
  start(place, { why = "offline" }) {
    const root = clone("closed");
    put(root, "title", t(`closed.${why}`));
    put(root, "text", t(`closed.${why}_hint`));
    $("[data-again]", root).addEventListener("click", reload);
    show($("[data-office]", root), why === "refused");
    place.append(root);
    if (why === "stale") addEventListener("online", reload);
    // What this phone still holds is sent, or saved as a file.
    if (why === "revoked") import("./revoked.js").then((module) => { rescue = module.start(root); });
  },
  stop() {
    removeEventListener("online", reload);
    rescue?.();
    rescue = null;
  },
};
