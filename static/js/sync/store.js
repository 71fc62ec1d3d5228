// Writing to the phone's storage: strictly on the disk, and what gives way when the disk is full. The door to both
// databases for everything else in this app.

import { attempt, StorageFull, store } from "./database.js";

export { dropStore, Emptied, openStore, retire, Retired, StorageFull, store, storeOwner } from "./database.js";
export { currentUser, leaving, note, noted, setCurrentUser, setLeaving } from "./registry.js";

const RESERVE = 2 * 1024 * 1024;
const RESERVED = ["reserve", 0];

export const meta = {
  get: (key) => store().get("meta", key),
  put: (key, value) => strictly(["meta"], (tx) => tx.objectStore("meta").put(value, key)),
  // Good to know, but nothing to fail for: a full disk goes without it.
  hint: (key, value) => unlessFull(() => meta.put(key, value)),
};

// Whether a fault says that the disk is full: ours, the quota's, or the disk's own.
export const isFull = (error) => error instanceof StorageFull || ["QuotaExceededError", "UnknownError"].includes(error?.name);

// Does what can be left undone on a full disk; answers whether it was done.
export async function unlessFull(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
    return false;
  }
}

// One transaction that is on the disk when the promise resolves (see `attempt`). A full disk first gives up photos that
// the server has. Words and strokes, which are small, then take the reserve; photos never do.
export async function strictly(stores, change) {
  const isSmall = !stores.includes("blob_chunks");
  for (;;) {
    try {
      return await attempt(stores, change);
    } catch (error) {
      if (error?.name !== "QuotaExceededError") throw error;
      if (!(await releaseOne()) && !(isSmall && (await releaseReserve()))) throw new StorageFull();
    }
  }
}

// Space kept for words and strokes of a phone whose disk is full.
export async function keepReserve() {
  if (await store().count("blob_chunks", RESERVED)) return;
  const bytes = new Uint8Array(RESERVE);
  for (let at = 0; at < RESERVE; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  try {
    await attempt(["blob_chunks"], (tx) => tx.objectStore("blob_chunks").put({ blob: RESERVED[0], index: RESERVED[1], data: bytes.buffer }));
  } catch (error) {
    if (!(error instanceof StorageFull) && error?.name !== "QuotaExceededError") throw error;
  }
}

async function releaseReserve() {
  if (!(await store().count("blob_chunks", RESERVED))) return false;
  await attempt(["blob_chunks"], (tx) => tx.objectStore("blob_chunks").delete(RESERVED));
  return true;
}

const piecesOf = (blob) => IDBKeyRange.bound([blob, 0], [blob, Infinity]);

// Gives up the bytes of a photo; what is known of it stays.
export const release = (blob) => attempt(["blob_chunks"], (tx) => tx.objectStore("blob_chunks").delete(piecesOf(blob)));

async function releaseOne() {
  const sent = (await store().getAll("blobs")).filter((photo) => photo.status === "sent").sort((one, two) => one.at - two.at);
  for (const { blob } of sent) {
    if (!(await store().count("blob_chunks", piecesOf(blob)))) continue;
    await release(blob);
    return true;
  }
  return false;
}
