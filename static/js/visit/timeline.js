// What is recorded so far, with its times, and the way to put a check right: within two minutes by one tap, as a new
// event. Owns the list; times, promises, answers and signatures are never changed here.

import { $, clone, field, put, show } from "../lib/dom.js";
import { clockTime } from "../lib/time.js";
import { t } from "../lib/words.js";
import { undoable } from "./facts.js";
import { alone, bounded } from "./form.js";
import { mayFollow } from "./lifecycle.js";

const MARKS = { "kit.checked": ["uniform", "badge", "shoe_covers", "kit"], "door.checked": ["introduced", "shoe_covers"], "site.checked": ["cleanup", "belongings"] };

// Why an arrival has no place, which whoever refused it by mistake would not learn otherwise.
const NO_PLACE = new Set(["denied", "unavailable", "timeout"]);

/** The list; the last check, note or photo carries its *Put right* form while that is still allowed. */
export function timeline(context) {
  const element = clone("timeline");
  const list = $("ol", element);
  for (const event of context.facts.timeline) list.append(line(event));
  const last = undoable(context.facts, context.now);
  if (last && mayFollow(context.state, "event.corrects")) field(element, "undo").append(...putRight(context, last));
  return element;
}

function line(event) {
  const row = clone("timeline-line");
  put(row, "time", clockTime(event.at));
  put(row, "what", t(`event.${event.type}`));
  const missed = (MARKS[event.type] ?? []).filter((name) => event.data[name] === false);
  const but = missed.map((name) => t(`check.${name}.no`));
  if (NO_PLACE.has(event.data.gps?.status)) but.push(t(`gps.${event.data.gps.status}`));
  put(row, "but", but.join(" · "));
  return row;
}

function putRight(context, event) {
  const form = clone("put-right");
  const names = MARKS[event.type];
  if (names) for (const name of names) field(form, "fields").append(toggle(name, event.data[name]));
  else if (event.type === "note.added") field(form, "fields").append(words(event.data.text));
  else return [];
  put(form, "summary", t("visit.put_right", { what: t(`event.${event.type}`) }));
  $("button", form).addEventListener("click", ({ currentTarget }) => alone(currentTarget, () => context.act(async () => {
    const data = changes(form, event);
    if (data) await context.record("event.corrects", { target: event.id, reason: t("visit.put_right_reason"), data });
    form.open = false;
  })));
  setTimeout(() => show(form, false), Math.max(0, event.at + 120_000 - context.now));
  return [form];
}

function changes(form, event) {
  const data = {};
  for (const input of form.querySelectorAll("[name]")) {
    const value = input.type === "checkbox" ? input.checked : bounded(input).trim();
    if (value !== event.data[input.name]) data[input.name] = value;
  }
  return Object.keys(data).length ? data : null;
}

function toggle(name, on) {
  const row = clone("toggle");
  put(row, "what", t(`check.${name}`));
  Object.assign($("input", row), { name, checked: on });
  return row;
}

function words(text) {
  const box = clone("note-again");
  $("textarea", box).value = text;
  return box;
}
