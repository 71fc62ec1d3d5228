// The screen for when the app cannot be shown: never started online, too long without the server, out of use, not a
// technician, or broken. Owns its sentences.

import { $, clone, field, put, show } from "../lib/dom.js";
import { t } from "../lib/words.js";

// Where nobody's storage is open, or what is wrong with it keeps the app closed, and somebody's work may lie on the phone.
const HELD = new Set(["stale", "signin", "refused", "offline", "broken"]);
const reload = () => location.replace(location.pathname);
let rescue = null;

export const view = {
  start(place, { why = "offline" }) {
    const root = clone("closed");
    put(root, "title", t(`closed.${why}`));
    put(root, "text", t(`closed.${why}_hint`));
    $("[data-again]", root).addEventListener("click", reload);
    show($("[data-office]", root), why === "refused");
    show($("[data-sign-in]", root), why === "signin");
    show($("[data-again]", root), why !== "signin");
    place.append(root);
    if (why === "stale") addEventListener("online", reload);
    if (HELD.has(why)) import("./others.js").then(({ others }) => others(field(root, "others")));
    // What this phone still holds is sent, or saved as a file.
    if (why === "revoked") import("./revoked.js").then((module) => { rescue = module.start(root); });
  },
  stop() {
    removeEventListener("online", reload);
    rescue?.();
    rescue = null;
  },
};
