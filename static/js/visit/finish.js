// Clean-up and hand-over. Owns the two panels; the customer's screens are signoff/.

import { clone, put } from "../lib/dom.js";
import { go } from "../lib/router.js";
import { money } from "../lib/time.js";
import { t } from "../lib/words.js";
import { totalOf } from "./facts.js";
import { read, write } from "./form.js";
import { photosSaved } from "./shots.js";

/** Clean, and everything collected. */
export async function cleanup(context) {
  const element = clone("step-cleanup");
  write(element, context.facts.site?.data);
  return {
    element, hint: t("visit.cleanup.hint"),
    more: [{ text: t("visit.back_to_work"), symbol: "tool", run: () => context.act(() => context.turn(false)) }],
    next: { label: t("visit.cleanup.next"), icon: "broom", act: () => context.record("site.checked", read(element)) },
  };
}

/** What the customer is about to see, in one look; then the phone is theirs. */
export async function handover(context) {
  const element = clone("step-handover");
  const renew = ({ facts }) => {
    put(element, "notes", t("visit.handover.notes", { count: facts.notes.length + facts.equipment.length }));
    put(element, "photos", t("visit.handover.photos", { count: facts.photos.length }));
    put(element, "total", facts.charges.length ? t("visit.handover.total", { amount: money(totalOf(facts.charges)) }) : t("statement.no_charges"));
  };
  renew(context);
  return {
    element, renew, hint: t("visit.handover.hint"),
    more: [{ text: t("visit.add_more"), symbol: "plus", run: () => go("work", { visit: context.id }) }],
    next: {
      label: t("visit.handover.next"), icon: "hand",
      act: async () => {
        // The customer signs for the photos, too.
        await photosSaved();
        await go("handover", { visit: context.id });
        return false;
      },
    },
  };
}
