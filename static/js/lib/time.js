// Times and amounts as the branch's people write them, in the branch's zone and currency whatever the phone is set to.
// Owns formatting only.

import { language, t } from "./words.js";

let zone = "UTC";
let currency = "";
// Currencies with a sentence of their own among the words; any other stands as three letters before the amount.
const WRITTEN = new Set(["CNY", "HKD", "SGD", "TWD"]);
const formats = new Map();

/** The branch that the phone works for: {zone, currency}. */
export function setPlace(branch) {
  zone = branch.zone;
  currency = branch.currency ?? "";
  formats.clear();
}

function format(name, options) {
  const key = `${name} ${language()}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language(), { timeZone: zone, ...options }));
  return formats.get(key);
}

export const clockTime = (moment) =>
  format("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(moment));

export const dayName = (moment) =>
  format("day", { weekday: "long", month: "long", day: "numeric" }).format(new Date(moment));

export const dayAndTime = (moment) =>
  format("both", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    .format(new Date(moment));

// The promise window: 14:00–16:00, with the day in front where it is not today.
export function timeWindow(start, end, now = Date.now()) {
  const span = `${clockTime(start)}–${clockTime(end)}`;
  return dateOf(start) === dateOf(now) ? span : `${dayName(start)} ${span}`;
}

// The calendar day in the branch's zone, as 2026-11-20: for comparing and grouping.
export function dateOf(moment) {
  const key = "date";
  if (!formats.has(key)) {
    const options = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" };
    formats.set(key, new Intl.DateTimeFormat("en-CA", options));
  }
  return formats.get(key).format(new Date(moment));
}

// How long until a window opens, or that it is open, or since when it is over: {key, params, tone}.
export function until(start, end, now = Date.now()) {
  const from = new Date(start).getTime();
  const to = new Date(end).getTime();
  if (now < from) return { key: "until.opens", params: { span: span(from - now) }, tone: from - now < 1_800_000 ? "soon" : "calm" };
  if (now <= to) return { key: "until.open", params: { span: span(to - now) }, tone: "now" };
  return { key: "until.over", params: { span: span(now - to) }, tone: "late" };
}

export function span(milliseconds) {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  if (minutes < 60) return t("span.minutes", { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return t("span.days", { days: Math.round(hours / 24) });
  return minutes % 60 ? t("span.hours_minutes", { hours, minutes: minutes % 60 }) : t("span.hours", { hours });
}

/** An amount grouped as the reader groups it, with its currency. */
export function money(amount) {
  const options = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return price(new Intl.NumberFormat(language(), options).format(Number(amount)));
}

/** A written amount with its currency: the same text in every browser, for what is signed. */
export function price(amount) {
  return currency ? t(WRITTEN.has(currency) ? `money.${currency}` : "money.other", { amount, currency }) : amount;
}
