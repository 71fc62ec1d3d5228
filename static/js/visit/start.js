// The steps up to the work: prepare, on my way, arrived, at the door. Owns their panels: what they show and what the one
// button records.

import { clone, put } from "../lib/dom.js";
import { go } from "../lib/router.js";
import { dateOf } from "../lib/time.js";
import { t } from "../lib/words.js";
import { drafts } from "../sync/journal.js";
import { unlessFull } from "../sync/store.js";
import { arrive, warmUp } from "./arrival.js";
import { contact } from "./contact.js";
import { read, write } from "./form.js";
import { spend } from "./keep.js";
import { know } from "./record.js";

const later = (context, name, symbol) => ({ text: t(`visit.${name}.link`), symbol, run: () => go(name, { visit: context.id }) });

/** Uniform, badge, shoe covers, kit: once a visit; the morning's answers are offered again. */
export async function prepare(context) {
  const element = clone("step-prepare");
  const morning = `kit:${dateOf(Date.now())}`;
  write(element, await drafts.get(morning));
  return {
    element, hint: t("visit.prepare.hint"), more: [later(context, "late", "clock"), later(context, "notdone", "undo")],
    next: {
      label: t("visit.prepare.next"), icon: "check",
      act: async () => {
        const answers = read(element);
        await context.record("kit.checked", answers);
        // Nobody may be told that what is recorded was not, and record it again.
        await unlessFull(() => drafts.put(morning, answers));
      },
    },
  };
}

/** Leaving for the customer. The GPS receiver is woken here, by a tap, so that its question comes at a calm moment. */
export async function way(context) {
  return {
    ...(await contactBlock(context)), hint: t("visit.way.hint"),
    more: [later(context, "late", "clock"), later(context, "notdone", "undo")],
    next: {
      label: t("visit.way.next"), icon: "truck",
      act: async () => {
        await context.record("visit.departed");
        warmUp();
      },
    },
  };
}

/** One tap: the time counts; the fix follows by itself. */
export async function arriving(context) {
  return {
    ...(await contactBlock(context)), hint: t("visit.arrive.hint"),
    more: [later(context, "late", "clock"), later(context, "notdone", "undo")],
    next: { label: t("visit.arrive.next"), icon: "pin", act: () => arrive(context.id) },
  };
}

/** Greeting and consent; one confirmation, written as the two facts that it is. */
export async function door(context) {
  const element = clone("step-door");
  write(element, context.facts.door?.data);
  const block = await contactBlock(context);
  return {
    element: [element, block.element], renew: block.renew, hint: t("visit.door.hint"),
    more: [later(context, "nobody", "nobody"), later(context, "notdone", "undo")],
    next: {
      label: t("visit.door.next"), icon: "door",
      act: async () => {
        const { by, ...checks } = read(element);
        // The tap before may have found room for the first of the two only.
        const known = (await know(context.id))?.facts.door?.data;
        if (known?.introduced !== checks.introduced || known?.shoe_covers !== checks.shoe_covers) {
          await context.record("door.checked", checks);
        }
        await context.record("consent.given", { by, method: "spoken" });
      },
    },
  };
}

async function contactBlock(context) {
  const block = await contact(context.visit, context.facts,
    (outcome, key) => context.act(() => spend(key, () => null, (together) => context.record("customer.called", { outcome }, together))));
  put(block.element, "title", t("visit.contact"));
  return block;
}
