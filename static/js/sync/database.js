// The connection to one user's database. Owns its stores, and opening again what the browser closed: a disk that is full,
// a storage that was emptied. What is written, and making room, is store.js's business.

import { deleteDB, openDB } from "../../vendor/idb/idb.js";
import { uuid7 } from "../lib/ids.js";
import { read } from "./healing.js";

const VERSION = 1;
const CLOSED = new Set(["InvalidStateError", "UnknownError"]);
let opened = null;
let opening = null;
let owner = null;
let birth = null;
let isRetired = true;

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

// The storage that was open is gone, or is another one now: nothing may be written as if it went on.
export class Emptied extends Error {
  constructor() {
    super("storage_emptied");
    this.name = "Emptied";
    this.code = "storage_emptied";
  }
}

export const nameOf = (login) => `fieldapp-user-${login}`;

// Opens (and the first time makes) the database of one user; every later call works on it.
export async function openStore(login) {
  opened?.close();
  [opened, owner, birth, isRetired] = [null, login, null, false];
  opened = await connect(login);
  birth = await opened.get("meta", "birth");
  if (birth) return;
  birth = uuid7();
  await opened.put("meta", birth, "birth");
}

function connect(login, make = true) {
  const forget = () => { if (login === owner) opened = null; };
  return openDB(nameOf(login), VERSION, {
    upgrade(db, before, after, tx) {
      if (!make) {
        tx.done.catch(() => {});
        tx.abort();
        return;
      }
      db.createObjectStore("meta");
      const outbox = db.createObjectStore("outbox", { keyPath: "seq" });
      outbox.createIndex("id", "id", { unique: true });
      outbox.createIndex("visit", "visit");
      db.createObjectStore("blobs", { keyPath: "blob" });
      db.createObjectStore("blob_chunks", { keyPath: ["blob", "index"] });
      db.createObjectStore("drafts");
      db.createObjectStore("visits", { keyPath: "visit_id" });
    },
    // A newer version, or a deletion, in another tab must not wait for this one for ever.
    blocking: (current, wanted, event) => {
      event.target.close();
      forget();
    },
    terminated: forget,
  });
}

// The database, opened again where the browser closed it. Never a new one: keys and numbers would not be its own.
async function live() {
  if (isRetired) throw new Retired();
  if (opened) return opened;
  opening ??= reopened().finally(() => { opening = null; });
  return opening;
}

async function reopened() {
  let db;
  try {
    db = await connect(owner, false);
  } catch (error) {
    throw ["AbortError", "VersionError"].includes(error?.name) ? gone() : new StorageFull();
  }
  if ((await db.get("meta", "birth")) !== birth) {
    db.close();
    throw gone();
  }
  opened = db;
  return db;
}

function gone() {
  dispatchEvent(new CustomEvent("storage:emptied"));
  return new Emptied();
}

// What `work` makes of the database; once more where it turns out to be closed.
async function using(work) {
  try {
    return await work(await live());
  } catch (error) {
    if (!CLOSED.has(error?.name)) throw error;
    opened = null;
    return work(await live());
  }
}

const reader = Object.fromEntries(["get", "getAll", "getAllFromIndex", "count"].map(
  (method) => [method, (...asked) => using((db) => read(db, method, ...asked))],
));

// Reading: get, getAll, getAllFromIndex, count, as idb has them.
export function store() {
  if (isRetired) throw new Retired();
  return reader;
}

// One transaction that is on the disk when the promise resolves. `change(tx)` must only queue requests, never wait for
// anything else.
export async function attempt(stores, change) {
  const tx = await using((db) => db.transaction(stores, "readwrite", { durability: "strict" }));
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
  try {
    await tx.done;
  } catch (error) {
    // The disk itself is full, or broken.
    throw error?.name === "UnknownError" ? new StorageFull() : error;
  }
  return (await results).map((result) => result.value);
}

// The person leaves: whatever is still under way can write nothing any more. Answers the bare database for the last word.
export async function retire() {
  const db = await live();
  [opened, isRetired] = [null, true];
  return db;
}

export const storeOwner = () => owner;

export async function dropStore(login) {
  if (login === owner) opened?.close();
  await deleteDB(nameOf(login));
}
