// Everything this phone recorded, item by item, in the three words: on this phone, sending, on the server (with time).
// Owns the page; it changes nothing but by asking the engine to send now.

import { $, clone, field, icon, put, show } from "../lib/dom.js";
import { clockTime, dayAndTime, dateOf } from "../lib/time.js";
import { t } from "../lib/words.js";
import { syncNow, syncState } from "../sync/engine.js";
import { rulingOf } from "../sync/day.js";
import { visits } from "../sync/journal.js";
import { store } from "../sync/store.js";

const NAG = 24 * 3600_000;
// What to do about entries that the server did not simply take; all others wait for the dispatcher.
const TODO = {
  clock_suspect: "clock", actor_mismatch: "other_person", device_revoked: "out_of_use",
  schema_invalid: "office", hash_mismatch: "office", id_conflict: "office", seq_conflict: "office",
};
let root;

export const view = {
  async start(place) {
    root = place;
    place.append(clone("outbox"));
    $("[data-send]", place).addEventListener("click", () => syncNow());
    addEventListener("sync:changed", draw);
    addEventListener("sync:state", draw);
    await draw();
  },
  stop() {
    removeEventListener("sync:changed", draw);
    removeEventListener("sync:state", draw);
    root = null;
  },
};

// One line's place on its way: {key, params, icon, tone}.
export function whereIs(item, sending) {
  if (item.status === "damaged") return { key: "sync.damaged", params: {}, icon: "warn", tone: "bad" };
  if (item.status !== "waiting" && item.status !== undefined) {
    return { key: "sync.server_at", params: { time: clockTime(item.server_at) }, icon: "cloud", tone: "good" };
  }
  return sending ? { key: "sync.sending", params: {}, icon: "upload", tone: "info" } : { key: "sync.here", params: {}, icon: "mobile", tone: "warn" };
}

// What the person can do about an entry that is not simply fine: a key of the words, or null.
export function todo({ status, code, wall }, trouble, now = Date.now()) {
  if (code) return `todo.${TODO[code] ?? "dispatcher"}`;
  if (status === "damaged") return "todo.damaged";
  if (status !== "waiting") return null;
  if (["signin", "upgrade", "too_large"].includes(trouble)) return `todo.${trouble}`;
  return now - wall > NAG ? "todo.waiting" : null;
}

// What of today's work the server has confirmed: {visits, photos, signatures, at}; null while anything waits or cannot be
// sent, and without anything to confirm.
export function receipt(entries, photos, dayOf, now = Date.now()) {
  if ([...entries, ...photos].some((item) => ["waiting", "damaged"].includes(item.status))) return null;
  const today = (item) => item.server_at && dayOf(item.server_at) === dayOf(now);
  const facts = entries.filter((entry) => today(entry) && entry.status !== "quarantined");
  const pictures = photos.filter(today);
  if (!facts.length && !pictures.length) return null;
  return {
    visits: new Set(facts.map((entry) => entry.visit)).size, photos: pictures.length,
    signatures: facts.filter((entry) => entry.type === "signature.captured").length,
    at: Math.max(...[...facts, ...pictures].map((item) => item.server_at)),
  };
}

const counted = (name, count) => t(`receipt.${name}${count === 1 ? "_one" : ""}`, { count });

async function draw() {
  if (!root) return;
  const place = root;
  const state = syncState();
  const [entries, photos, list] = await Promise.all([store().getAll("outbox"), store().getAll("blobs"), visits()]);
  if (place !== root) return;
  const names = new Map(list.map((one) => [one.visit_id, one.customer?.name ?? one.external_id]));
  const ruled = new Map(list.map((one) => [one.visit_id, rulingOf(one)]));
  const sending = new Set(state.sending);
  const facts = entries.toReversed().map((entry) => line({
    title: t(`event.${entry.type}`), name: names.get(entry.visit), at: entry.wall, code: entry.code,
    where: whereIs(entry, sending.has(entry.id)), todo: todo(entry, state.trouble), ruling: entry.code && ruled.get(entry.visit),
  }));
  const pictures = photos.toReversed().map((photo) => line({
    title: t("outbox.photo", { kilobytes: Math.max(1, Math.round(photo.bytes / 1024)) }), name: names.get(photo.visit), at: photo.at,
    where: whereIs(photo, state.phase === "sending" && photo.status === "waiting"), todo: todo({ ...photo, wall: photo.at }, state.trouble),
  }));
  field(place, "facts").replaceChildren(...facts);
  field(place, "photos").replaceChildren(...pictures);
  show(field(place, "photos").closest("section"), pictures.length > 0);
  show(field(place, "facts").closest("section"), facts.length > 0);
  head(place, state, entries);
  const done = receipt(entries, photos, dateOf);
  put(place, "receipt", done ? t("receipt.all", {
    visits: counted("visits", done.visits), photos: counted("photos", done.photos),
    signatures: counted("signatures", done.signatures), time: clockTime(done.at),
  }) : "");
}

function head(place, state, entries) {
  const waiting = entries.filter((entry) => entry.status === "waiting");
  const total = waiting.length + state.photos.waiting;
  const { damaged } = state.photos;
  put(place, "summary", total ? t("outbox.waiting", { count: total }) : t(damaged ? "outbox.damaged" : "outbox.nothing", { count: damaged }));
  put(place, "trouble", state.trouble ? t(`trouble.${state.trouble}`) : "");
  put(place, "last", state.lastAt ? t("outbox.last", { time: dateOf(state.lastAt) === dateOf(Date.now()) ? clockTime(state.lastAt) : dayAndTime(state.lastAt) }) : "");
  show(field(place, "old"), waiting.some((entry) => Date.now() - entry.wall > NAG));
  const button = $("[data-send]", place);
  button.disabled = state.phase === "sending";
  put(button, "send", t(state.phase === "sending" ? "outbox.sending_now" : "outbox.send_now"));
  const all = state.photos.waiting + state.photos.done;
  const bar = $("progress", place);
  show(field(place, "photo-progress"), state.photos.waiting > 0);
  bar.max = Math.max(1, all);
  bar.value = state.photos.done;
  put(place, "photo-count", t("outbox.photos_done", { done: state.photos.done, total: all }));
}

function line({ title, name, at, code, where, todo: key, ruling }) {
  const item = clone("outbox-line");
  put(item, "title", title);
  put(item, "name", name);
  put(item, "at", dateOf(at) === dateOf(Date.now()) ? clockTime(at) : dayAndTime(at));
  put(item, "code", code ? t(`held.${code}`) : "");
  put(item, "decision", ruling ? t(`outbox.${ruling.kind}`, { reason: ruling.reason }) : "");
  put(item, "todo", key && !ruling ? t(key) : "");
  const mark = field(item, "where");
  mark.classList.add(where.tone);
  icon(mark, where.icon);
  put(mark, "where-word", t(where.key, where.params));
  return item;
}
