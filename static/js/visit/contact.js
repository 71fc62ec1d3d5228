// Calling and writing to the customer: links into the phone's own apps, with a text in the customer's language.
// Owns the links and the question how the call went; it cannot know what was said.

import { $, clone, put, show } from "../lib/dom.js";
import { clockTime } from "../lib/time.js";
import { load, t, tIn } from "../lib/words.js";
import { drafts } from "../sync/journal.js";
import { alone } from "./form.js";

/** `tel:` and `sms:` addresses of a visit; `key` names the text, `params` fill it. Null without a number. */
export async function linksOf(visit, key, params = {}) {
  const number = (visit.customer?.phone ?? "").replace(/[^+\d]/g, "");
  if (!number) return null;
  const tag = visit.customer.language ?? "zh-Hans";
  await load(tag);
  const text = tIn(tag, key, { name: visit.customer.name, ...params });
  return { call: `tel:${number}`, message: `sms:${number}?body=${encodeURIComponent(text)}`, text };
}

/** The block with both buttons, {element, renew}; after a call it asks how it went and hands the outcome to `called`, with the
 * key of the draft that keeps the question open. */
export async function contact(visit, facts, called) {
  const element = clone("contact");
  const start = facts.promise ? clockTime(facts.promise.start) : "";
  const links = await linksOf(visit, "message.coming", { start, end: facts.promise ? clockTime(facts.promise.end) : "" });
  show(element, links !== null);
  if (!links) return { element, renew() {} };
  $("[data-call]", element).href = links.call;
  $("[data-message]", element).href = links.message;
  const outcome = $("fieldset", element);
  const key = `called:${visit.visit_id}`;
  const renew = async (known) => {
    const last = known.facts.calls.at(-1);
    put(element, "last", last ? t(`visit.call.${last.outcome}_at`, { time: clockTime(last.at) }) : "");
    show(outcome, Boolean(await drafts.get(key)));
  };
  await renew({ facts });
  $("[data-call]", element).addEventListener("click", () => {
    show(outcome);
    drafts.put(key, true);
  });
  for (const button of outcome.querySelectorAll("button")) {
    button.addEventListener("click", () => alone(outcome, () => called(button.value, key)));
  }
  return { element, renew };
}
