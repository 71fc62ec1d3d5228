// Fetches the day's snapshot. Owns the ETag and noticing what the office changed since the person last looked;
// such notices stay until they are tapped.

import { changed } from "./bus.js";
import { keepSnapshot, visits } from "./journal.js";
import { ROOT, call } from "./net.js";
import { meta, store } from "./store.js";

const NOT_STARTED = new Set(["planned", "cancelled"]);

// What differs for visits that were not started: {kind: new|moved|cancelled|removed, visit_id, name, start, end}.
export function differences(before, after) {
  const notices = [];
  const later = new Map(after.map((one) => [one.visit_id, one]));
  const earlier = new Map(before.map((one) => [one.visit_id, one]));
  for (const old of before) {
    const now = later.get(old.visit_id);
    if (!NOT_STARTED.has(old.state) || old.state === "cancelled") continue;
    if (!now) notices.push(notice("removed", old));
    else if (now.state === "cancelled") notices.push(notice("cancelled", now));
    else if (now.promise.start !== old.promise.start || now.promise.end !== old.promise.end) notices.push(notice("moved", now));
  }
  for (const now of after) if (!earlier.has(now.visit_id) && now.state === "planned") notices.push(notice("new", now));
  return notices;
}

const notice = (kind, one) => ({
  kind, visit_id: one.visit_id, name: one.customer?.name ?? one.external_id, start: one.promise.start, end: one.promise.end,
});

export async function fetchDay(deviceId, now = Date.now()) {
  const last = await store().get("meta", "day");
  const headers = { "X-Field-Device": deviceId, ...(last?.etag ? { "If-None-Match": last.etag } : {}) };
  const answer = await call("GET", `${ROOT}/day`, { headers });
  if (answer.status === 304 || answer.kind !== "ok" || !answer.json?.visits) return answer;
  const before = await visits();
  await keepSnapshot(answer.json.visits, answer.headers.get("ETag") ?? answer.json.etag);
  if (last) await addNotices(differences(before.filter((one) => new Date(one.promise.end) > now), await visits()));
  changed();
  return answer;
}

export async function addNotices(fresh) {
  if (!fresh.length) return;
  const kept = (await notices()).filter((old) => !fresh.some((one) => one.visit_id === old.visit_id));
  await meta.put("notices", [...kept, ...fresh]);
}

export async function notices() {
  return (await store().get("meta", "notices")) ?? [];
}

export async function dismissNotice(visitId) {
  await meta.put("notices", (await notices()).filter((one) => one.visit_id !== visitId));
}
