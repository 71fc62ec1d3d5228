// What this phone knows of its visits: the server's snapshot plus what was done here since. The views' only door to
// the data: append facts, read visits, keep drafts. Sending is the engine's business.

import { dateOf } from "../lib/time.js";
import { unlessLost } from "./healing.js";
import { store, strictly } from "./store.js";
import { seal, unseal } from "./vault.js";

export { append, tapped } from "./chain.js";
export { addPhoto, photoUrl } from "./photos.js";

// Where the visit stands after a fact. A hint for the lists; the server is the judge.
const AFTER = {
  "visit.departed": "en_route", "visit.arrived": "arrived", "consent.given": "admitted",
  "signature.captured": "signed", "visit.completed": "completed", "visit.not_completed": "not_completed",
  "access.failed": "no_access",
};
export const ENDED = new Set(["completed", "not_completed", "no_access", "cancelled", "missed", "void"]);
const INSIDE = new Set(["arrived", "admitted", "signed"]);
const KEPT = 36 * 3600_000;
const FINAL = new Set(["completed", "cancelled", "missed", "void", "disputed"]);

export function stateAfter(state, types) {
  return types.reduce((now, type) => (FINAL.has(now) ? now : AFTER[type] ?? now), state);
}

// How far a visit is that is disputed: as the facts say, those that wait included. One that the office called off before
// anybody arrived is over.
export function reachedBy(types) {
  const reached = stateAfter("planned", types);
  const said = types.filter((type) => type === "visit.cancelled" || type === "visit.reinstated").at(-1);
  return said === "visit.cancelled" && !INSIDE.has(reached) ? "cancelled" : reached;
}

// The facts that the office left out of a visit, by id, of what it `told`: here they count as little as there.
export function leftOut(told) {
  const counts = new Set(told.map((event) => event.id));
  return new Set(told.flatMap((event) => event.data?.left_out ?? []).filter((id) => !counts.has(id)));
}

/** Where a visit stands for who has to work on it, whether it is disputed or not. */
export const standing = ({ state, reached }) => (state === "disputed" ? reached ?? state : state);

// What the server told of a visit: what counts, and what this technician did that the office has not decided about.
const toldOf = (data) => [...(data?.events ?? []), ...(data?.waiting ?? [])];

// The facts of one visit, oldest first: {id, type, at, data, actor?, seq?, status, code?}. `status` is "server" for those
// that only the server told us of, else the outbox entry's. Of a visit that left this phone, as it was `last`.
export async function eventsOf(visitId, last = null) {
  const record = await store().get("visits", visitId);
  const known = toldOf((record && (await opened(record))) ?? last);
  const local = await Promise.all((await store().getAllFromIndex("outbox", "visit", visitId)).map(readEntry));
  const gone = leftOut(known);
  return merge(known, local.filter((event) => event && !gone.has(event.id)));
}

export function merge(known, local) {
  const here = new Set(local.map((event) => event.id));
  const told = known.filter((event) => !here.has(event.id))
    .map((event) => ({ ...event, at: new Date(event.at).getTime(), status: "server" }));
  // Within this phone the order is by seq, whatever its clock did.
  let latest = 0;
  const own = local.toSorted((one, two) => one.seq - two.seq).map((event) => {
    latest = Math.max(latest, event.at);
    return { ...event, at: latest };
  });
  return [...told, ...own].sort((one, two) => one.at - two.at || (one.seq ?? 0) - (two.seq ?? 0));
}

async function readEntry(entry) {
  const payload = await readable("outbox", entry.payload);
  return payload && {
    id: entry.id, seq: entry.seq, type: payload.type, visit_id: payload.visit_id, actor: payload.actor,
    at: payload.wall + (payload.clk?.off ?? 0), data: payload.data, status: entry.status, code: entry.code,
  };
}

const opened = (record) => readable("snapshot", record.sealed);

// What was sealed with a key that is gone is as good as not there, and must not keep the rest from being shown. What the
// office told is fetched again (day.js); a fact's number is put aside by the server (push.js).
const readable = async (name, sealed) => JSON.parse((await unseal(name, sealed).catch(() => "")) || "null");

// One visit as the snapshot has it, with `state` after what was done here, `reached` and `unsent`; null when unknown.
export async function visit(visitId) {
  const record = await store().get("visits", visitId);
  return record ? view(record, await store().getAllFromIndex("outbox", "visit", visitId)) : null;
}

// All visits of the snapshot's days, in the order of their windows.
export async function visits() {
  const [records, entries] = await Promise.all([store().getAll("visits"), store().getAll("outbox")]);
  const byVisit = Map.groupBy ? Map.groupBy(entries, (entry) => entry.visit) : grouped(entries);
  const all = await Promise.all(records.map((record) => view(record, byVisit.get(record.visit_id) ?? [])));
  return all.filter(Boolean).sort((one, two) => new Date(one.promise.start) - new Date(two.promise.start));
}

// Today's visits, and those of earlier days that are still open.
export async function today(now = Date.now()) {
  const day = dateOf(now);
  return (await visits()).filter((one) => {
    const date = dateOf(one.promise.start);
    return date === day || (date < day && !ENDED.has(one.state));
  });
}

async function view(record, entries) {
  const visitData = await opened(record);
  if (!visitData) return null;
  const told = toldOf(visitData);
  const known = new Set([...told.map((event) => event.id), ...leftOut(told)]);
  const fresh = entries.filter((entry) => !known.has(entry.id)).sort((one, two) => one.seq - two.seq);
  return {
    ...visitData,
    state: stateAfter(visitData.state, fresh.map((entry) => entry.type)),
    reached: reachedBy([...told, ...fresh].map((event) => event.type)),
    unsent: entries.filter((entry) => entry.status === "waiting").length,
  };
}

function grouped(entries) {
  const groups = new Map();
  for (const entry of entries) groups.set(entry.visit, [...(groups.get(entry.visit) ?? []), entry]);
  return groups;
}

// The day's snapshot replaces the last one whole; what the phone did itself lies in the outbox. Who stands in the customer's
// home goes on although the office gave the visit to somebody else: such a visit stays, and the dispatcher decides.
export async function keepSnapshot(list, etag, hearings = [], now = Date.now()) {
  const told = new Set(list.map((one) => one.visit_id));
  const begun = new Set((await visits())
    .filter((one) => !told.has(one.visit_id) && INSIDE.has(standing(one)) && now - new Date(one.promise.end) < KEPT).map((one) => one.visit_id));
  const left = (await store().getAll("visits")).filter((record) => begun.has(record.visit_id));
  const records = await Promise.all(list.map(async (one) => ({
    visit_id: one.visit_id, rev: one.rev, start: one.promise.start, sealed: await seal("snapshot", JSON.stringify(one)),
  })));
  await strictly(["visits", "meta"], (tx) => [
    tx.objectStore("visits").clear(),
    ...[...records, ...left].map((record) => tx.objectStore("visits").put(record)),
    tx.objectStore("meta").put({ etag, at: now, hearings }, "day"),
  ]);
}

// Who lives where is nobody's business for long: ended visits leave the phone 36 hours after their window, even when it
// never meets the server again.
export async function expire(now = Date.now()) {
  const old = (await visits()).filter((one) => ENDED.has(one.state) && !one.unsent && now - new Date(one.promise.end) > KEPT);
  if (!old.length) return;
  await strictly(["visits"], (tx) => old.map((one) => tx.objectStore("visits").delete(one.visit_id)));
}

export const sealedDraft = (value) => seal("outbox", JSON.stringify(value));

// Half-done input (strokes, forms, the current screen): survives a killed browser, never leaves the phone.
export const drafts = {
  async get(key) {
    const sealed = await unlessLost(store().get("drafts", key));
    return sealed === undefined ? null : readable("outbox", sealed);
  },
  async put(key, value) {
    const sealed = await sealedDraft(value);
    await strictly(["drafts"], (tx) => tx.objectStore("drafts").put(sealed, key));
  },
  remove: (key) => strictly(["drafts"], (tx) => tx.objectStore("drafts").delete(key)),
};
