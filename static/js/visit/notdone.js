// Not completed: why, and when somebody comes back, agreed with the customer. Owns the form.

import { $ } from "../lib/dom.js";
import { dateOf } from "../lib/time.js";
import { t } from "../lib/words.js";
import { believableNow } from "../sync/clock.js";
import { read, Unfinished } from "./form.js";
import { record } from "./record.js";
import { sideView } from "./side.js";
import { iso, moment } from "./when.js";

export const view = sideView("notdone", async (element, known, id) => {
  $("[name=day]", element).min = dateOf(known.now);
  return {
    act: async (together) => {
      const values = read(element);
      if (!values.why) throw new Unfinished("reason_missing", $("[name=why]", element));
      const text = values.reason.trim();
      if (values.why === "other" && !text) throw new Unfinished("reason_words", $("[name=reason]", element));
      const span = back(element, values, await believableNow());
      const reason = [values.why === "other" ? "" : t(`why.${values.why}`), text].filter(Boolean).join(". ");
      await record(id, "visit.not_completed", { reason, return: span, agreed: span !== null && values.agreed }, together);
    },
  };
});

// Nothing typed: no return. Half typed is a mistake, not a missing return.
function back(element, { day, from, until }, now) {
  if (!day && !from && !until) return null;
  const start = moment(day, from);
  const end = moment(day, until);
  if (start === null || end === null) throw new Unfinished("window_missing", $("[name=day]", element));
  if (end <= start) throw new Unfinished("window_reversed", $("[name=until]", element));
  if (end <= now) throw new Unfinished("window_past", $("[name=day]", element));
  return { start: iso(start), end: iso(end) };
}
