// Today: what is next, when, where and how long until the window. Owns the list and the office's notices on top of it.

import { $, clone, field, icon, put, show } from "../lib/dom.js";
import { hashOf } from "../lib/router.js";
import { clockTime, dateOf, dayName, timeWindow, until } from "../lib/time.js";
import { t } from "../lib/words.js";
import { dismissNotice, notices } from "../sync/day.js";
import { syncNow } from "../sync/engine.js";
import { ENDED, standing, visits } from "../sync/journal.js";
import { store } from "../sync/store.js";
import { stateOf } from "./states.js";

const UNDER_WAY = new Set(["en_route", "arrived", "admitted", "signed"]);
let ticking;
let root;

export const today = {
  async start(place) {
    root = place;
    await draw();
    addEventListener("sync:changed", draw);
    ticking = setInterval(countDown, 20_000);
  },
  stop() {
    removeEventListener("sync:changed", draw);
    clearInterval(ticking);
    root = null;
  },
};

// The day in the order in which a person needs it.
export function arrange(list, now, day = dateOf) {
  const date = day(now);
  const isOver = (one) => ENDED.has(standing(one));
  const open = list.filter((one) => !isOver(one) && day(one.promise.start) <= date);
  const next = open.find((one) => UNDER_WAY.has(standing(one))) ?? open[0] ?? null;
  return {
    next,
    rest: open.filter((one) => one !== next),
    ended: list.filter((one) => isOver(one) && day(one.promise.start) === date),
    later: list.filter((one) => day(one.promise.start) > date && !isOver(one)),
  };
}

async function draw() {
  const place = root;
  const [list, said, day] = await Promise.all([visits(), notices(), store().get("meta", "day")]);
  if (!place || place !== root) return;
  const view = clone("today");
  const { next, rest, ended, later } = arrange(list, Date.now());
  put(view, "date", dayName(Date.now()));
  put(view, "count", day ? t("today.count", { left: (next ? 1 : 0) + rest.length, all: (next ? 1 : 0) + rest.length + ended.length }) : "");
  tellHearing(view, hearing(day?.hearings ?? [], Date.now()));
  field(view, "notices").append(...said.map(noticeCard));
  if (next) field(view, "next").append(card("visit-next", next));
  fill(view, "rest", rest);
  fill(view, "ended", ended);
  fill(view, "later", later);
  byDay(field(view, "later"), later);
  empty(view, { day, next, ended });
  place.replaceChildren(view);
  countDown();
}

// What waits for the technician's answer and can still be answered, as one line: {count, until, href}; or null.
export function hearing(list, now) {
  const open = list.filter((one) => new Date(one.until) > now).sort((a, b) => new Date(a.until) - new Date(b.until));
  if (!open.length) return null;
  return { count: open.length, until: open[0].until, href: open.length > 1 ? "/scores/" : `/scores/findings/${open[0].finding}` };
}

function tellHearing(view, found) {
  show(field(view, "hearing"), Boolean(found));
  if (!found) return;
  const day = dayName(new Date(found.until) - 1); // `until` is the first moment that is too late
  put(view, "hearing-text", t(found.count > 1 ? "today.hearings" : "today.hearing", { count: found.count, day }));
  field(view, "hearing-go").href = found.href;
}

function fill(view, name, list) {
  const box = field(view, name);
  box.append(...list.map((one) => card("visit-card", one)));
  show(box.closest("section"), list.length > 0);
}

// The day's name once above its visits; the cards then need only their hours.
function byDay(box, list) {
  list.forEach((one, index) => {
    const item = box.querySelector(`[data-visit="${one.visit_id}"]`);
    put(item, "window", `${clockTime(one.promise.start)}–${clockTime(one.promise.end)}`);
    if (index && dateOf(list[index - 1].promise.start) === dateOf(one.promise.start)) return;
    const name = document.createElement("p");
    name.className = "day";
    name.textContent = dayName(one.promise.start);
    item.before(name);
  });
}

function empty(view, { day, next, ended }) {
  const box = field(view, "empty");
  show(box, !next);
  if (next) return;
  const key = !day ? "today.not_loaded" : ended.length ? "today.all_done" : "today.none";
  put(box, "empty-text", t(key));
  put(box, "empty-hint", t(`${key}_hint`));
  icon($(".icon", box), day ? "check" : "offline");
  const button = $("button", box);
  show(button, !day);
  button.addEventListener("click", () => syncNow());
}

function card(template, one) {
  const item = clone(template);
  const link = item.matches("a") ? item : $("a", item);
  link.href = hashOf("visit", { visit: one.visit_id });
  link.dataset.visit = one.visit_id;
  const state = stateOf(one.state);
  const mark = field(item, "state");
  mark.classList.add(...state.tone);
  icon(mark, state.icon);
  put(mark, "state-word", t(`state.${one.state}`));
  put(item, "window", timeWindow(one.promise.start, one.promise.end));
  put(item, "name", one.customer?.name);
  put(item, "address", one.customer?.address);
  put(item, "job", t(`job.${one.job_type}`));
  if (template === "visit-next") {
    put(item, "note", one.note);
    put(item, "go", t(UNDER_WAY.has(standing(one)) ? "today.continue" : "today.open"));
    Object.assign(field(item, "until").dataset, { start: one.promise.start, end: one.promise.end, state: standing(one) });
  }
  const unsent = field(item, "unsent");
  show(unsent, one.unsent > 0);
  return item;
}

function countDown() {
  const element = root && $("[data-f=until]", root);
  if (!element) return;
  const { start, end, state } = element.dataset;
  const arrived = UNDER_WAY.has(state) && state !== "en_route";
  const { key, params, tone } = until(start, end);
  show(element, !arrived);
  element.dataset.tone = tone;
  put(element, "until-text", t(key, params));
}

function noticeCard(notice) {
  const item = clone("notice-card");
  const time = notice.start ? timeWindow(notice.start, notice.end) : "";
  put(item, "text", t(`notice.${notice.kind}`, { name: notice.name, window: time, reason: notice.reason }));
  $("button", item).addEventListener("click", async () => {
    await dismissNotice(notice.visit_id);
    item.remove();
  });
  return item;
}
