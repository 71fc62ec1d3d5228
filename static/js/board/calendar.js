// The calendar of technicians and hours (@event-calendar, a resource timeline): bars in, choices and drops out.

import { clone, put } from "../lib/dom.js";
import { clock, later, minutesBetween, nowOnTheClock, say, span, symbolsOf } from "./texts.js";

// Whoever was given no technician stands in a row of its own.
const POOL = "-";
// A day has hours side by side; in a week the visits of a day stand below each other.
const DAY = { view: "resourceTimelineDay", slotDuration: "00:30", slotWidth: 52, snapDuration: "00:05" };
const WEEK = { view: "week", views: { week: { type: "resourceTimelineMonth", duration: { days: 7 } } }, columnWidth: "minmax(9.5rem, 1fr)" };

export function startCalendar(root, { onChosen, onMoved, onRest }) {
  const { day, days, offset, locale } = root.dataset;
  let dragging = false;
  let shown = false;
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
    slotMinTime: "08:00",
    slotMaxTime: "18:00",
    slotLabelFormat: (time) => `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`,
    eventGap: 2,
    resourceLabelContent: ({ resource }) => ({ domNodes: [rowHead(resource.extendedProps)] }),
    eventContent: ({ event }) => ({ domNodes: [inside(event.extendedProps.bar)] }),
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
      calendar.setOption("resources", [...nobody, ...rows.map(({ bars: _, ...row }) => ({ id: row.code, title: row.name, extendedProps: row }))]);
      // What a small screen shows first: an hour ago.
      if (!shown) calendar.setOption("scrollTime", nowOnTheClock(-60).slice(11));
      shown = true;
      calendar.setOption("events", [...pool, ...rows.flatMap((row) => row.bars)].map(eventOf));
    },
  };
}

function eventOf(bar) {
  return {
    id: bar.id,
    resourceIds: [bar.technician || POOL],
    start: bar.start,
    end: bar.end,
    editable: bar.open,
    classNames: ["bar", bar.standings[0] ?? bar.state, bar.state],
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
  place(box.querySelector(".bar-way"), bar, bar.departed, bar.arrived);
  place(box.querySelector(".bar-actual"), bar, bar.arrived, bar.left ?? bar.ended);
  return box;
}

function spoken(bar) {
  return [
    bar.number,
    bar.address,
    say("planned", { window: span(bar.start, bar.end) }),
    say("promised", { window: span(bar.from, bar.to) }),
    ...(bar.departed ? [say("set_out", { time: clock(bar.departed) })] : []),
    ...(bar.arrived ? [say("there", { window: span(bar.arrived, bar.left ?? bar.ended ?? bar.arrived) })] : []),
  ];
}

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
