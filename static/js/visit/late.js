// Running late: a new window is proposed to the customer, with an apology and the true cause. Owns the form; whether the
// promise moves is decided by the norm, not here.

import { $, clone, field, put, show } from "../lib/dom.js";
import { clockTime, dateOf, timeWindow } from "../lib/time.js";
import { t } from "../lib/words.js";
import { believableNow } from "../sync/clock.js";
import { linksOf } from "./contact.js";
import { read, Unfinished } from "./form.js";
import { record } from "./record.js";
import { sideView } from "./side.js";
import { iso, moment } from "./when.js";

const LATER = [30, 60, 90, 120, 180];

/** The windows that can be offered: the old one moved by so many minutes, as long as it still lies ahead. */
export function offers(promise, now) {
  const start = Date.parse(promise.start);
  const end = Date.parse(promise.end);
  const moved = LATER.map((minutes) => ({ minutes, start: start + minutes * 60_000, end: end + minutes * 60_000 }));
  return moved.filter((one) => one.end > now + 10 * 60_000).slice(0, 4);
}

export const view = sideView("late", async (element, { visit, facts }, id) => {
  const choices = offers(facts.promise, await believableNow());
  for (const one of choices) {
    const row = clone("late-option");
    $("input", row).value = String(one.minutes);
    put(row, "window", timeWindow(one.start, one.end));
    put(row, "delay", t("visit.late.by", { minutes: one.minutes }));
    field(element, "options").prepend(row);
    field(element, "options").append(row, field(element, "own"));
  }
  const day = dateOf(await believableNow());
  $("[name=day]", element).value = day;
  $("[name=day]", element).min = day;
  const picked = () => chosen(read(element), choices);
  const update = () => refresh(element, visit, picked);
  element.addEventListener("input", update);
  return {
    ready: update,
    act: async (together) => {
      const values = read(element);
      const span = picked();
      if (!span) throw new Unfinished("window_missing", $("[name=shift]", element));
      if (span.end <= span.start) throw new Unfinished("window_reversed", $("[name=until]", element));
      const now = await believableNow();
      if (span.end <= now) throw new Unfinished("window_past", $("[name=until]", element));
      if (!values.cause) throw new Unfinished("cause_missing", $("[name=cause]", element));
      const promise = { start: iso(span.start), end: iso(span.end), agreed: values.agreed, told_at: iso(now), channel: values.channel };
      const reason = values.reason.trim() || null;
      await record(id, "promise.changed", { asked_by: "company", promise, apology: values.apology, cause: values.cause, reason }, together);
    },
  };
});

function chosen({ shift, day, from, until }, choices) {
  if (shift !== "own") return choices.find((one) => String(one.minutes) === shift) ?? null;
  const start = moment(day, from);
  const end = moment(day, until);
  return start === null || end === null ? null : { start, end };
}

// The message to the customer names the time that is chosen just now.
async function refresh(element, visit, picked) {
  show(field(element, "own-fields"), read(element).shift === "own");
  const span = picked();
  const links = span && span.end > span.start ? await linksOf(visit, "message.late", { start: clockTime(span.start), end: clockTime(span.end) }) : null;
  show(field(element, "tell"), links !== null);
  if (!links) return;
  $("[data-call]", element).href = links.call;
  $("[data-message]", element).href = links.message;
}
