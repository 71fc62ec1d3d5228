// The calendar of technicians and hours (@event-calendar, a resource timeline): bars in, choices and drops out.

import { clone, put } from "../lib/dom.js";
import { clock, later, minutesBetween, nowOnTheClock, say, span, symbolsOf } from "./texts.js";

// Whoever was given no technician stands in a row of its own.
const POOL = "-";
// Shown from this hour on, also where nothing is planned.
const OPENS = "08:00";
// Up to so many bars are drawn one by one.
const FEW = 12;
// A day has hours side by side; in a week the visits of a day stand below each other.
const DAY = { view: "resourceTimelineDay", slotDuration: "00:30", slotWidth: 52, snapDuration: "00:05" };
const WEEK = { view: "week", views: { week: { type: "resourceTimelineMonth", duration: { days: 7 } } }, columnWidth: "minmax(9.5rem, 1fr)" };

export function startCalendar(root, { onChosen, onMoved, onRest }) {
  const { day, days, offset, locale } = root.dataset;
  let dragging = false;
  const drawn = new Map();
  const calendar = window.EventCalendar.create(root, {
    ...(days === "1" ? DAY : WEEK),
    date: day,
    headerToolbar: { start: "", center: "", end: "" },
    timeZone: offset,
    locale,
    nowIndicator: true,
    editable: true,
    eventDurationEditable: false,
    longPressDelay: 400,
    flexibleSlotTimeLimits: true,
    slotMinTime: OPENS,
    slotMaxTime: "18:00",
    slotLabelFormat: (time) => `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`,
    eventGap: 2,
    resourceLabelContent: ({ resource }) => ({ domNodes: [rowHead(resource.extendedProps)] }),
    eventContent: ({ event }) => ({ domNodes: event.extendedProps.bar ? [inside(event.extendedProps.bar)] : [] }),
    eventClick: ({ event }) => onChosen(event.id),
    eventDragStart: () => { dragging = true; },
    eventDragStop: () => { dragging = false; setTimeout(onRest); },
    eventDrop: ({ event, newResource, revert }) => {
      const bar = event.extendedProps.bar;
      const technician = (newResource?.id ?? (bar.technician || POOL)).replace(POOL, "");
      onMoved(event.id, { technician, start: wall(event.start) }, revert);
    },
  });
  mendRoles(root);
  return {
    isBusy: () => dragging,
    show: ({ rows, pool, pool_total: total }) => {
      const nobody = total ? [{ id: POOL, title: "", extendedProps: { pool: total, more: total - pool.length } }] : [];
      const heads = [...nobody, ...rows.map(({ bars: _, ...row }) => ({ id: row.code, title: row.name, extendedProps: row }))];
      if (differs(drawn, "heads", heads)) calendar.setOption("resources", heads);
      if (!drawn.has("bars")) calendar.setOption("scrollTime", firstSight(day, [...pool, ...rows.flatMap((row) => row.bars)]));
      drawBars(calendar, drawn, [...pool, ...rows.flatMap((row) => [...row.bars, ...row.away.map((one) => ({ ...one, code: row.code }))])]);
    },
  };
}

// What a small screen shows first: today an hour ago, of another day what comes shortly before its first visit.
function firstSight(day, bars) {
  const now = nowOnTheClock();
  const first = bars.map((bar) => bar.start).filter((start) => start.startsWith(day)).sort()[0] ?? `${day}T${OPENS}`;
  const sight = now.startsWith(day) ? later(now, -60) : later(first, -30);
  return sight.startsWith(day) ? clock(sight) : "00:00";
}

// Draws what changed: a board of many bars would take its time for all of them.
function drawBars(calendar, drawn, bars) {
  const before = drawn.get("bars") ?? new Map();
  const after = new Map(bars.map((bar) => [bar.id, JSON.stringify(bar)]));
  drawn.set("bars", after);
  const gone = [...before.keys()].filter((id) => !after.has(id));
  const changed = bars.filter((bar) => before.get(bar.id) !== after.get(bar.id));
  if (gone.length + changed.length > FEW) {
    calendar.setOption("events", bars.map(eventOf));
    return;
  }
  for (const id of gone) calendar.removeEventById(id);
  for (const bar of changed) before.has(bar.id) ? calendar.updateEvent(eventOf(bar)) : calendar.addEvent(eventOf(bar));
}

function differs(drawn, name, value) {
  const text = JSON.stringify(value);
  if (drawn.get(name) === text) return false;
  drawn.set(name, text);
  return true;
}

function eventOf(bar) {
  if (bar.kind) return { ...bar, resourceIds: [bar.code], display: "background", classNames: ["away"] };
  return {
    id: bar.id,
    resourceIds: [bar.technician || POOL],
    start: bar.start,
    end: bar.end,
    editable: bar.open,
    classNames: ["bar", bar.standings[0] ?? bar.state, bar.state, ...(bar.pinned ? ["pinned"] : [])],
    extendedProps: { bar },
  };
}

// The calendar hands out local dates whose fields are the wall clock's.
function wall(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function rowHead(row) {
  const head = clone("row");
  put(head, "name", row.pool ? say("pool") : row.name);
  const last = row.heard ? `${row.code} · ${say("heard", { time: clock(row.heard) })}` : row.code;
  put(head, "beside", row.pool ? (row.more ? say("more", { num: row.more }) : "") : last);
  put(head, "away", (row.away ?? []).map((one) => say("away", { kind: one.kind, window: span(one.start, one.end) })).join(", "));
  put(head, "phone", row.unsent ? say("unsent", { count: row.unsent, time: clock(row.heard) }) : "");
  if (row.pool) head.classList.add("pool");
  return head;
}

// What a bar says and shows: the plan as the bar itself, and beside it, to the same scale, what was promised and done.
function inside(bar) {
  const box = clone("bar");
  put(box, "time", clock(bar.start));
  put(box, "customer", bar.customer);
  put(box, "promised", span(bar.from, bar.to));
  box.querySelector("[data-f=marks]").replaceChildren(...symbolsOf(bar));
  put(box, "spoken", spoken(bar).join(", "));
  place(box.querySelector(".bar-promise"), bar, bar.from, bar.to);
  put(box, "went", bar.departed ? clock(bar.departed) : bar.way ? say("minutes", { num: bar.way }) : "");
  put(box, "there", bar.arrived ? stay(bar) : "");
  const way = box.querySelector(".bar-way");
  way.classList.toggle("ahead", !bar.departed);
  bar.way ? place(way, bar, later(bar.start, -bar.way), bar.start) : place(way, bar, bar.departed, bar.arrived);
  place(box.querySelector(".bar-actual"), bar, bar.arrived, bar.left ?? bar.ended);
  return box;
}

function spoken(bar) {
  return [
    bar.number,
    bar.address,
    say("planned", { window: span(bar.start, bar.end) }),
    say("promised", { window: span(bar.from, bar.to) }),
    ...(bar.way ? [say("way", { num: bar.way })] : []),
    ...(bar.departed ? [say("set_out", { time: clock(bar.departed) })] : []),
    ...(bar.arrived ? [say("there", { window: stay(bar) })] : []),
  ];
}

const stay = (bar) => span(bar.arrived, bar.left ?? bar.ended ?? bar.arrived);

// Puts a strip where its times lie beside those of the bar; without a beginning there is none, without an end it is short.
function place(strip, bar, start, end) {
  strip.hidden = !start;
  if (!start) return;
  const whole = minutesBetween(bar.start, bar.end);
  strip.style.insetInlineStart = `${(minutesBetween(bar.start, start) / whole) * 100}%`;
  strip.style.inlineSize = `${(minutesBetween(start, end ?? later(start, 10)) / whole) * 100}%`;
}

// The calendar calls itself a table, but has neither its rows nor its cells where a reader would look for them.
function mendRoles(root) {
  const mend = () => {
    for (const part of root.querySelectorAll("[role=table],[role=grid],[role=rowgroup],[role=row],[role=rowheader],[role=columnheader],[role=cell],[role=gridcell]")) {
      part.setAttribute("role", "none");
      for (const name of ["aria-colindex", "aria-rowindex", "aria-colcount", "aria-rowcount", "aria-colspan"]) part.removeAttribute(name);
    }
  };
  new MutationObserver(mend).observe(root, { childList: true, subtree: true });
  mend();
}
