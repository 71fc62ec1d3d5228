// A server that forgot what it once confirmed: restored from a backup, or its disk put back. Owns how this phone learns of it,
// what it sends again, and how long what was confirmed stays for that.

import { changed } from "./bus.js";
import { serverNowFor } from "./clock.js";
import { isRestored } from "./decide.js";
import { locked } from "./lock.js";
import { store, strictly } from "./store.js";
import { isThere } from "./upload.js";

const KEEP = 72 * 3600_000;
// A clock that was set since it was held against the server's, at the beginning of this talk, tells nothing.
const CLOCK_AGE = 3600_000;

// Whether the server waits for a number that it once confirmed: a disk that was put back keeps its epoch.
export async function isBehind({ device }, entries) {
  const waits = entries.filter((entry) => entry.status === "waiting").map((entry) => entry.seq);
  return Boolean(device) && device.next_seq < Math.min((await store().get("meta", "chain"))?.next ?? 1, ...waits);
}

export const earlier = (one, other) => (one === null || other === null ? one ?? other : Math.min(one, other));

// A phone with nothing to send learns elsewhere that the server was restored: what it confirmed has to go again. The
// epoch itself stays until a push is answered, for the push that names the old one may leave gaps. So do photos: a fact may
// have been there already. True: send again.
export function resendIfRestored(told) {
  return locked("journal", async () => {
    const db = store();
    if (!isRestored(await db.get("meta", "server_epoch"), told)) return false;
    const facts = (await db.getAll("outbox")).filter((entry) => entry.status !== "waiting");
    const sent = (await db.getAll("blobs")).filter((photo) => photo.status === "sent");
    if (!facts.length && !sent.length) return false;
    await strictly(["outbox", "blobs", "meta"], (tx) => [
      // Without it nothing is pushed where only photos wait, and the server's epoch is never learned.
      tx.objectStore("meta").delete("told"),
      ...facts.map((entry) => tx.objectStore("outbox").put({ ...entry, status: "waiting" })),
      ...sent.map((photo) => tx.objectStore("blobs").put({ ...photo, status: "waiting" })),
    ]);
    changed();
    return true;
  });
}

// What the server confirmed stays 72 hours from then, for the case that it is restored from a backup, and from when this
// phone heard of that. Nobody appends, and no other tab hears of a restore, between the look and the deletion.
export async function prune(moment = null) {
  const now = moment ?? (await serverNowFor(CLOCK_AGE));
  if (now === null) return;
  const there = await stored((await store().getAll("blobs")).filter(await oldAt(now)));
  await locked("journal", () => pruned(now, there));
}

// Names of those of the photos whose last bytes may go. A server that has the fact, and lost its photo, is behind by no
// number: it is asked about each, until it answers no more.
async function stored(photos) {
  const there = new Set();
  for (const photo of photos) {
    const isStored = photo.status !== "sent" || (await isThere(photo));
    if (isStored === null) break;
    if (isStored) there.add(photo.blob);
  }
  return there;
}

async function oldAt(now) {
  const reset = await store().get("meta", "reset");
  return (item) => item.status !== "waiting" && now - Math.max(item.server_at ?? item.at, reset?.at ?? 0) > KEEP;
}

async function pruned(now, there) {
  const isOld = await oldAt(now);
  const [all, here] = [await store().getAll("outbox"), new Set((await store().getAll("visits")).map((one) => one.visit_id))];
  // What the server gave a reason for (it waits for the office, or could not be read) is not in what it tells of the
  // visit, for who goes on with it here. Nothing after it goes either, for what is kept has no gaps.
  const stays = all.filter((one) => one.code && here.has(one.visit)).map((one) => one.seq);
  const old = all.filter((one) => isOld(one) && one.seq < Math.min(...stays));
  const photos = (await store().getAll("blobs")).filter((one) => isOld(one) && there.has(one.blob));
  if (!old.length && !photos.length) return;
  await strictly(["outbox", "blobs", "blob_chunks"], (tx) => [
    ...old.map((entry) => tx.objectStore("outbox").delete(entry.seq)),
    ...photos.map((photo) => tx.objectStore("blobs").delete(photo.blob)),
    ...photos.map((photo) => tx.objectStore("blob_chunks").delete(IDBKeyRange.bound([photo.blob, 0], [photo.blob, Infinity]))),
  ]);
}
