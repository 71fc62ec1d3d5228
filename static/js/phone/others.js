// Unsent work of people who are not here: their account is closed, or they went to another phone. Owns the list, and the way
// to bring it in without them; nobody here can read it.

import { $, clone, put, show } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { held } from "../sync/rescue.js";
import { save } from "./leaving.js";

// Lists it under `place`: of everybody but `but`. `key` is what to seal to where theirs is not known.
export async function others(place, { but = null, key = null } = {}) {
  for (const { login, facts, photos, key: own } of await held()) {
    if (login === but) continue;
    const item = clone("held-here");
    put(item, "text", t("rescue.held", { login, facts, photos }));
    const button = show($("[data-rescue]", item), Boolean(own ?? key));
    button.addEventListener("click", () => save(item, login, own ?? key));
    place.append(item);
  }
}
