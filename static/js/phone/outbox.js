// Everything this phone recorded, item by item, in the three words: on this phone, sending, on the server (with time).
// Owns the page; it changes nothing but by asking the engine to send now.

import { $, clone, field, icon, put, show } from "../lib/dom.js";
import { clockTime, dayAndTime, dateOf } from "../lib/time.js";
import { t } from "../lib/words.js";
import { syncNow, syncState } from "../sync/engine.js";
import { visits } from "../sync/journal.js";
import { store } from "../sync/store.js";

const NAG = 24 * 3600_000;
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
  if (item.status !== "waiting" && item.status !== undefined) {
    return { key: "sync.server_at", params: { time: clockTime(item.server_at) }, icon: "cloud", tone: "good" };
  }
  return sending ? { key: "sync.sending", params: {}, icon: "upload", tone: "info" } : { key: "sync.here", params: {}, icon: "mobile", tone: "warn" };
}

async function draw() {
  if (!root) return;
  const place = root;
  const state = syncState();
  const [entries, photos, list] = await Promise.all([store().getAll("outbox"), store().getAll("blobs"), visits()]);
  if (place !== root) return;
  const names = new Map(list.map((one) => [one.visit_id, one.customer?.name ?? one.external_id]));
  const sending = new Set(state.sending);
  const facts = entries.toReversed().map((entry) => line({
    title: t(`event.${entry.type}`), name: names.get(entry.visit), at: entry.wall, code: entry.code,
    where: whereIs(entry, sending.has(entry.id)),
  }));
  const pictures = photos.toReversed().map((photo) => line({
    title: t("outbox.photo", { kilobytes: Math.max(1, Math.round(photo.bytes / 1024)) }), name: names.get(photo.visit), at: photo.at,
    where: whereIs(photo, state.phase === "sending" && photo.status === "waiting"),
  }));
  field(place, "facts").replaceChildren(...facts);
  field(place, "photos").replaceChildren(...pictures);
  show(field(place, "photos").closest("section"), pictures.length > 0);
  show(field(place, "facts").closest("section"), facts.length > 0);
  head(place, state, entries);
}

function head(place, state, entries) {
  const waiting = entries.filter((entry) => entry.status === "waiting");
  const total = waiting.length + state.photos.waiting;
  put(place, "summary", total ? t("outbox.waiting", { count: total }) : t("outbox.nothing"));
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

function line({ title, name, at, code, where }) {
  const item = clone("outbox-line");
  put(item, "title", title);
  put(item, "name", name);
  put(item, "at", dateOf(at) === dateOf(Date.now()) ? clockTime(at) : dayAndTime(at));
  put(item, "code", code ? t(`held.${code}`) : "");
  const mark = field(item, "where");
  mark.classList.add(where.tone);
  icon(mark, where.icon);
  put(mark, "where-word", t(where.key, where.params));
  return item;
}
