// Sends the outbox. Owns batches, their answers and the outbox's statuses; an entry leaves `waiting` only by the server's
// own word about it.

import { uuid7 } from "../lib/ids.js";
import { changed } from "./bus.js";
import { linkHash, tapped } from "./chain.js";
import { addNotices } from "./day.js";
import { batchOf, halved, isRestored, LIMIT, outcome } from "./decide.js";
import { locked } from "./lock.js";
import { ROOT, call } from "./net.js";
import { earlier, isBehind } from "./restored.js";
import { meta, noted, store, strictly } from "./store.js";
import { isSealed, unseal } from "./vault.js";

const SCHEMA = 1;
const TELL_AGAIN = 15 * 60_000;
// Named instead of a server's epoch: whoever it was that confirmed what is gone here, it is not this one. It bridges the gap.
const FORGOTTEN = "forgotten";

export async function waiting() {
  return (await store().getAll("outbox")).filter((entry) => entry.status === "waiting");
}

// Sends until nothing waits or the server says stop. Answers {kind, retryAfter, revoked}: "ok", or what stopped it.
// `sending(ids)` hears what is on the way.
export async function push(deviceId, app, sending) {
  let limit = LIMIT;
  let revoked = false;
  for (let stuck = 0; stuck < 3;) {
    const entries = await waiting();
    if (!entries.length) return { kind: "ok", revoked };
    const ready = await Promise.all(entries.slice(0, limit.events).map(wire));
    const batch = batchOf(ready, limit);
    sending(batch.map((event) => event.id));
    const answer = await post(deviceId, app, batch, entries);
    sending([]);
    if (answer.kind === "too_large" && batch.length > 1) {
      limit = halved(batch.length);
      continue;
    }
    if (answer.kind !== "ok" || !answer.json?.results) return { ...answer, kind: answer.kind === "ok" ? "down" : answer.kind };
    // Without a device it was another person's session: what it says is not about our outbox.
    if (!answer.json.device) return { kind: "other_user" };
    const { stored, resent, busy } = await settle(batch, answer.json);
    revoked ||= Boolean(answer.json.revoked);
    if (busy) return { kind: "wait", retryAfter: answer.retryAfter };
    // Being asked for what we no longer hold must not become a loop without a pause.
    stuck = stored || resent ? (stored ? 0 : stuck + 1) : 3;
  }
  return { kind: "wait", retryAfter: 0 };
}

// Says how things are on this phone, when the server knows otherwise or has not heard for a while: an empty push. Answers
// {kind, revoked}, or {} when there is nothing to say.
export async function tell(deviceId, app) {
  const [told, entries, now] = await Promise.all([store().get("meta", "told"), waiting(), photosWaiting()]);
  const age = Date.now() - (told?.at ?? 0);
  if (told?.facts === entries.length && told.photos === now.length && age >= 0 && age < TELL_AGAIN) return {};
  const { kind, json } = await post(deviceId, app, [], entries);
  if (kind === "ok" && json?.device) await settle([], json);
  return { kind, revoked: Boolean(json?.revoked) };
}

async function post(deviceId, app, batch, entries) {
  const photos = await photosWaiting();
  const answer = await call("POST", `${ROOT}/push`, { json: await envelope(deviceId, app, batch, entries, photos) });
  if (answer.kind === "ok" && answer.json) {
    await meta.hint("told", { facts: entries.length - batch.length, photos: photos.length, at: Date.now() });
  }
  return answer;
}

const photosWaiting = async () => (await store().getAll("blobs")).filter((photo) => photo.status === "waiting");

async function wire(entry) {
  const { id, seq, prev, hash } = entry;
  return { id, seq, prev, hash, payload: await unseal("outbox", entry.payload).catch(nothing) };
}

// What is noise here (a key that is gone) is sent as nothing: the server puts its number aside, and takes what follows.
// Only a failed decryption says so; a store that closes meanwhile, for instance, must not cost a fact.
function nothing(error) {
  if (error?.name !== "OperationError") throw error;
  return "";
}

async function envelope(deviceId, app, batch, entries, photos) {
  const db = store();
  const [epoch, clock] = await Promise.all([db.get("meta", "server_epoch"), db.get("meta", "clock")]);
  const { quota = null, usage = null } = (await navigator.storage?.estimate?.()) ?? {};
  const persisted = (await navigator.storage?.persisted?.()) ?? false;
  return {
    protocol: 1, batch_id: uuid7(), device_id: deviceId, server_epoch: epoch ?? null,
    client: {
      app, schema: SCHEMA, persisted, outbox: entries.length, photos: photos.length, oldest: oldest(entries, photos, clock),
      quota, usage, sealed: isSealed(),
    },
    clock: { ...tapped(), off: clock?.off ?? null, rtt: clock?.rtt ?? null },
    events: batch,
  };
}

// When the first of what waits was recorded, by the server's clock; null when nothing waits.
function oldest(entries, photos, clock) {
  const times = [...entries.map((entry) => entry.wall), ...photos.map((photo) => photo.at)];
  return times.length ? Math.min(...times) + (clock?.off ?? 0) : null;
}

// Writes down what the server said: in one transaction, while nobody appends.
async function settle(batch, answer) {
  const { stored, resendFrom, busy } = outcome(batch, answer, await hurt(batch, answer));
  return locked("journal", async () => {
    const db = store();
    const all = new Map((await db.getAll("outbox")).map((entry) => [entry.seq, entry]));
    const touched = new Map(stored.map((verdict) => [verdict.seq, { ...all.get(verdict.seq), ...verdict }]));
    const reset = await db.get("meta", "reset");
    const behind = await isBehind(answer, [...all.values()].map((entry) => touched.get(entry.seq) ?? entry));
    // What it still waits for after everything went again is not sent for ever.
    const lost = behind && reset?.next !== answer.device.next_seq ? answer.device.next_seq : null;
    const from = earlier(resendFrom, lost);
    // It asks for what it confirmed so long ago that nobody holds it: put back without a word, or another branch's now.
    const forgot = from !== null && from < Math.min(...all.keys());
    const restored = forgot || isRestored(await db.get("meta", "server_epoch"), answer.server_epoch);
    const isReset = restored || lost !== null;
    const wanted = new Set((answer.blobs_wanted ?? []).map(({ blob }) => blob));
    const photos = (await db.getAll("blobs")).filter(({ blob, status }) => status === "sent" && (isReset || wanted.has(blob)));
    let resent = 0;
    for (const entry of all.values()) {
      const again = (from !== null && entry.seq >= from) || (restored && !touched.has(entry.seq));
      if (!again || entry.status === "waiting") continue;
      touched.set(entry.seq, { ...entry, status: "waiting" });
      resent += 1;
    }
    await strictly(["outbox", "meta", "blobs"], (tx) => [
      ...[...touched.values()].map((entry) => tx.objectStore("outbox").put(entry)),
      ...photos.map((photo) => tx.objectStore("blobs").put({ ...photo, status: "waiting" })),
      tx.objectStore("meta").put(isReset ? { at: answer.server_time, next: answer.device.next_seq } : { ...reset, next: behind ? reset.next : null }, "reset"),
      tx.objectStore("meta").put(forgot ? FORGOTTEN : answer.server_epoch ?? null, "server_epoch"),
      tx.objectStore("meta").put({ at: Date.now(), min_app: answer.min_app ?? null, revoked: Boolean(answer.revoked) }, "contact"),
    ]);
    changed();
    return { stored: stored.length, resent: resent + Number(forgot), busy };
  });
}

// Which entries came damaged although they are whole here: their way did that, and they go again.
async function hurt(batch, answer) {
  const named = new Set((answer.results ?? []).filter(({ code }) => code === "hash_mismatch").map(({ id }) => id));
  const found = new Set();
  for (const { id, prev, payload, hash } of batch) if (named.has(id) && (await linkHash(prev, payload)) === hash) found.add(id);
  return found;
}

// This phone's name for the server: made once per user.
export async function device() {
  const known = await meta.get("device");
  if (known) return known;
  const made = { id: uuid7(), registered: false };
  await meta.put("device", made);
  return made;
}

// Tells the server that name, before anything else.
export async function register(name) {
  const known = await device();
  if (known.registered) return { kind: "ok", id: known.id };
  const answer = await call("POST", `${ROOT}/devices`, { json: { device_id: known.id, name } });
  if (answer.kind === "ok") await meta.put("device", { ...known, registered: true });
  // The server knows this browser under another name: its storage was emptied, and unsent facts with it.
  const { previous } = answer.json ?? {};
  const emptied = Boolean(previous) && previous.device_id !== (await noted("deleted"));
  if (emptied) await addNotices([{ kind: "emptied", visit_id: "-" }]);
  return { kind: answer.kind, id: known.id, retryAfter: answer.retryAfter, emptied };
}
