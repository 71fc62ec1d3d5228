// A screen beside the way: a form, its button, and back to the visit. Owns what late, nobody and notdone have in common.

import { clone, field, put } from "../lib/dom.js";
import { go } from "../lib/router.js";
import { t } from "../lib/words.js";
import { bottomBar, remembered } from "./form.js";
import { spend } from "./keep.js";
import { know } from "./record.js";

/**
 * A view named `name`: `build(element, known, id)` prepares the form and resolves `{act}`; `act(together)` records, `together` as
 * for `append`. What was typed is kept as a draft until it is recorded.
 */
export function sideView(name, build) {
  let turn = 0;
  return {
    async start(place, { visit: id }) {
      const mine = ++turn;
      const known = await know(id);
      if (!known || mine !== turn) return;
      const element = clone(`form-${name}`);
      const key = `${name}:${id}`;
      const parts = await build(element, known, id);
      await remembered(element, key);
      await parts.ready?.();
      if (mine !== turn) return;
      const screen = clone("side");
      put(screen, "title", t(`visit.${name}.title`));
      put(screen, "who", known.visit.customer.name);
      field(screen, "panel").append(element);
      place.replaceChildren(screen, bottomBar({
        label: t(`visit.${name}.next`), icon: "check",
        act: async () => {
          await spend(key, () => null, parts.act);
          go("visit", { visit: id }, { replace: true });
        },
        more: [{ text: t("visit.back"), symbol: "left", run: () => go("visit", { visit: id }, { replace: true }) }],
      }));
    },
    stop() {
      turn += 1;
    },
  };
}
