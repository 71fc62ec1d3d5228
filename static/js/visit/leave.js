// After the hand-over: the receipt for the customer's own phone, and leaving. Also what an ended visit looks like.
// Owns the panels; it shows nothing of what the customer answered.

import { clone, put, show } from "../lib/dom.js";
import { go } from "../lib/router.js";
import { clockTime } from "../lib/time.js";
import { t } from "../lib/words.js";
import { receipt } from "../signoff/receipt.js";

const home = { label: "visit.home", icon: "home" };

/** Signed or not, the receipt, and the one tap of leaving. */
export async function leave(context) {
  const { facts } = context;
  const element = clone("step-leave");
  const how = facts.signature ? "signed" : "unsigned";
  put(element, "how", t(`visit.leave.${how}`, { time: clockTime(facts.signature?.at ?? facts.completedAt) }));
  show(element.querySelector("[data-unsigned]"), !facts.signature);
  const code = receipt(context.id);
  element.append(code.element);
  const gone = facts.leftAt !== null;
  return {
    element, stop: code.stop,
    title: t(gone ? "visit.done.title" : "visit.leave.title"), hint: gone ? t("visit.done.hint", { time: clockTime(facts.leftAt) }) : t("visit.leave.hint"),
    next: gone ? { label: t(home.label), icon: home.icon, act: toToday }
      : { label: t("visit.leave.next"), icon: "signout", act: () => context.record("visit.left") },
  };
}

/** Cancelled, not counted, nobody home, not completed: nothing more is asked here. */
export async function ended(context) {
  const element = clone("step-ended");
  put(element, "text", t(`visit.ended.${context.state}`));
  return { element, title: t(`state.${context.state}`), next: { label: t(home.label), icon: home.icon, act: toToday } };
}

async function toToday() {
  await go("today");
  return false;
}
