// The customer's first screen: what was done and what it costs, then how the technician behaved. Owns reading the
// answers; every question may be left open.

import { $, clone, field, put } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { read, write } from "../visit/form.js";

export const QUESTIONS = ["badge", "introduced", "courteous", "explained", "shoe_covers", "cleanup", "supplied_tools"];

/** The event's data from the form's values: an open question is `none`. */
export function answersFrom(values) {
  const data = Object.fromEntries(QUESTIONS.map((name) => [name, values[name] ?? "none"]));
  return { ...data, rating: values.rating ? Number(values.rating) : null, comment: values.comment?.trim() || null };
}

const isEmpty = (data) => QUESTIONS.every((name) => data[name] === "none") && data.rating === null && data.comment === null;

export async function review(context) {
  const element = clone("customer-review");
  put(element, "doc", context.doc);
  for (const name of QUESTIONS) field(element, "questions").append(question(name));
  write(element, context.draft.answers);
  element.addEventListener("input", () => context.keep({ answers: read(element) }));
  return {
    element, title: t("customer.review.title"), hint: t("customer.review.hint", { name: context.technician }),
    label: t("customer.review.next"), icon: "right", act: () => answered(context, answersFrom(read(element))),
    more: [{ text: t("customer.wrong"), symbol: "undo", run: context.giveBack }],
  };
}

// Given once; given again only where something changed.
async function answered(context, data) {
  const said = JSON.stringify(data);
  await present(context);
  if (said !== context.draft.said && (!isEmpty(data) || context.draft.said)) {
    await context.record("answers.given", data, { said });
  }
  await context.to("sign");
}

/** Writes down that exactly this text was shown, once for each text. */
export const present = (context) => context.record("statement.presented", { doc_hash: context.docHash, doc: context.doc });

function question(name) {
  const set = clone("question");
  put(set, "question", t(`question.${name}`));
  for (const input of set.querySelectorAll("input")) input.name = name;
  $("legend", set).id = `question-${name}`;
  return set;
}
