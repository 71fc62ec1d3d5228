// The phone's storage: one IndexedDB database per user, and a tiny one that says whose turn it is.
// Owns stores and strict durability; what goes into them is journal.js's and the engine's business.

import { deleteDB, openDB } from "../../vendor/idb/idb.js";

const VERSION = 1;
const REGISTRY = "fieldapp";
const RESERVE = 2 * 1024 * 1024;
let registry;
let opened = null;
let owner = null;

export class StorageFull extends Error {
  constructor(code = "storage_full") {
    super(code);
    this.name = "StorageFull";
    this.code = code;
  }
}

// No user's storage is open, or its person has just left.
export class Retired extends Error {
  constructor() {
    super("no user's storage is open");
    this.name = "Retired";
  }
}

function openRegistry() {
  registry ??= openDB(REGISTRY, 1, { upgrade: (db) => db.createObjectStore("kv") });
  return registry;
}

// The login whose data this browser shows, or null before the first sign-in and after a sign-out.
export async function currentUser() {
  return (await (await openRegistry()).get("kv", "current")) ?? null;
}

export async function setCurrentUser(login) {
  await (await openRegistry()).put("kv", login, "current");
}

// A sign-out that the server has not heard of yet; without it, the next start would open the same person's day again.
export const leaving = () => noted("leaving");
export const setLeaving = (value) => note("leaving", value);

// What this browser has to remember whoever uses it.
export async function noted(key) {
  return (await (await openRegistry()).get("kv", key)) ?? null;
}

export async function note(key, value) {
  await (await openRegistry()).put("kv", value, key);
}

// Opens (and the first time makes) the database of one user; every later call works on it.
export async function openStore(login) {
  opened?.close();
  opened = await openDB(`fieldapp-user-${login}`, VERSION, {
    upgrade(db) {
      db.createObjectStore("meta");
      const outbox = db.createObjectStore("outbox", { keyPath: "seq" });
      outbox.createIndex("id", "id", { unique: true });
      outbox.createIndex("visit", "visit");
      db.createObjectStore("blobs", { keyPath: "blob" });
      db.createObjectStore("blob_chunks", { keyPath: ["blob", "index"] });
      db.createObjectStore("drafts");
      db.createObjectStore("visits", { keyPath: "visit_id" });
    },
    // A newer version in another tab must not wait for this one for ever.
    blocking: () => opened?.close(),
  });
  owner = login;
  return opened;
}

export function store() {
  if (!opened) throw new Retired();
  return opened;
}

// The person leaves: whatever is still under way can write nothing any more. Answers the bare database for the last word.
export function retire() {
  const db = store();
  opened = null;
  return db;
}

export function storeOwner() {
  return owner;
}

export async function dropStore(login) {
  if (login === owner) opened?.close();
  await deleteDB(`fieldapp-user-${login}`);
}

export const meta = {
  get: (key) => store().get("meta", key),
  put: (key, value) => strictly(["meta"], (tx) => tx.objectStore("meta").put(value, key)),
};

// One transaction that is on the disk when the promise resolves. `change(tx)` must only queue requests, never wait for
// anything else. A full disk first gives up the reserve; text and signatures are small enough for it.
export async function strictly(stores, change) {
  try {
    return await attempt(stores, change);
  } catch (error) {
    if (error?.name !== "QuotaExceededError") throw error;
    if (!(await giveUpReserve())) throw new StorageFull();
  }
  try {
    return await attempt(stores, change);
  } catch (error) {
    throw error?.name === "QuotaExceededError" ? new StorageFull() : error;
  }
}

async function attempt(stores, change) {
  const tx = store().transaction(stores, "readwrite", { durability: "strict" });
  let requests;
  try {
    requests = [change(tx)].flat();
  } catch (error) {
    // What was queued before the refusal must not be kept without the rest.
    tx.done.catch(() => {});
    tx.abort();
    throw error;
  }
  // A request that fails aborts the transaction; `done` then carries the reason.
  const results = Promise.allSettled(requests);
  await tx.done;
  return (await results).map((result) => result.value);
}

// Space kept for words and strokes of a phone whose disk is full.
export async function keepReserve() {
  if (await store().get("blob_chunks", ["reserve", 0])) return;
  const bytes = new Uint8Array(RESERVE);
  for (let at = 0; at < RESERVE; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  try {
    await attempt(["blob_chunks"], (tx) => tx.objectStore("blob_chunks").put({ blob: "reserve", index: 0, data: bytes.buffer }));
  } catch (error) {
    if (error?.name !== "QuotaExceededError") throw error;
  }
}

async function giveUpReserve() {
  if (!(await store().get("blob_chunks", ["reserve", 0]))) return false;
  await store().delete("blob_chunks", ["reserve", 0]);
  return true;
}
