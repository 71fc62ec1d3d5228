// Fetches the day's snapshot. Owns the ETag and noticing what the office changed since the person last looked;
// such notices stay until they are tapped.

import { changed } from "./bus.js";
import { keepSnapshot, standing, visits } from "./journal.js";
import { ROOT, call } from "./net.js";
import { meta, store, storeOwner } from "./store.js";
import { seal, unseal } from "./vault.js";

const RULINGS = new Set(["visit.reinstated", "visit.voided"]);
const AWAITED = new Set(["planned", "en_route"]);

// What somebody else than `own` changed about visits before the arrival: {kind: new|moved|cancelled|removed, visit_id, name,
// start, end}.
export function differences(before, after, own = null) {
  const notices = [];
  const later = new Map(after.map((one) => [one.visit_id, one]));
  const earlier = new Map(before.map((one) => [one.visit_id, one]));
  for (const old of before) {
    const now = later.get(old.visit_id);
    if (!AWAITED.has(standing(old))) continue;
    if (!now) notices.push(notice("removed", old));
    else if (standing(now) === "cancelled") notices.push(notice("cancelled", now));
    else if (isMoved(old, now) && movedBy(now) !== own) notices.push(notice("moved", now));
  }
  for (const now of after) if (!earlier.has(now.visit_id) && now.state === "planned") notices.push(notice("new", now));
  return notices;
}

const isMoved = (old, now) => now.promise.start !== old.promise.start || now.promise.end !== old.promise.end;
const movedBy = (one) => (one.events ?? []).filter((event) => event.type === "promise.changed").at(-1)?.actor;

// What the office said last about facts that waited: {id, kind: reinstated|left_out|voided, reason}, or null.
export function rulingOf(one) {
  const said = (one.events ?? []).filter((event) => RULINGS.has(event.type)).at(-1);
  if (!said) return null;
  const kind = said.data?.left_out?.length ? "left_out" : said.type.replace("visit.", "");
  return { id: said.id, kind, reason: said.data?.reason ?? "" };
}

// Decisions that were not there before.
export function rulings(before, after) {
  const known = new Map(before.map((one) => [one.visit_id, rulingOf(one)?.id]));
  return after.filter((one) => known.has(one.visit_id) && rulingOf(one) && rulingOf(one).id !== known.get(one.visit_id))
    .map((one) => ({ ...notice(rulingOf(one).kind, one), reason: rulingOf(one).reason }));
}

const notice = (kind, one) => ({
  kind, visit_id: one.visit_id, name: one.customer?.name ?? one.external_id, start: one.promise.start, end: one.promise.end,
});

export async function fetchDay(deviceId, now = Date.now()) {
  const last = await store().get("meta", "day");
  const before = await visits();
  // What cannot be read here any more is fetched again.
  const isWhole = before.length === (await store().count("visits"));
  const headers = { "X-Field-Device": deviceId, ...(last?.etag && isWhole ? { "If-None-Match": last.etag } : {}) };
  const answer = await call("GET", `${ROOT}/day`, { headers });
  if (answer.status === 304 || answer.kind !== "ok" || !answer.json?.visits) return answer;
  await keepSnapshot(answer.json.visits, answer.headers.get("ETag") ?? answer.json.etag, answer.json.hearings);
  const after = await visits();
  const ahead = before.filter((one) => new Date(one.promise.end) > now);
  if (last) await addNotices([...differences(ahead, after, storeOwner()), ...rulings(before, after)]);
  changed();
  return answer;
}

export async function addNotices(fresh) {
  if (!fresh.length) return;
  const kept = (await notices()).filter((old) => !fresh.some((one) => one.visit_id === old.visit_id));
  await keepNotices([...kept, ...fresh]);
}

// They name customers: sealed as the snapshot is.
const keepNotices = async (list) => meta.put("notices", await seal("snapshot", JSON.stringify(list)));

export async function notices() {
  const sealed = await store().get("meta", "notices");
  if (!sealed || Array.isArray(sealed)) return sealed ?? [];
  return JSON.parse(await unseal("snapshot", sealed).catch(() => "[]"));
}

export async function dismissNotice(visitId) {
  await keepNotices((await notices()).filter((one) => one.visit_id !== visitId));
}
