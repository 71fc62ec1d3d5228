// Values whose own file is gone from the disk: Chrome keeps large ones in files of their own. Such a record is lost, and reading
// all records together fails because of it. Owns telling that loss from others, and what stands in for what is lost: of a fact
// everything but its payload, as where a key is lost (push.js); of the snapshot nothing, for it is fetched again.

import { uuid7 } from "../lib/ids.js";

const LOST = new Set(["NotReadableError", "DataError"]);
const NOWHERE = "0".repeat(64);

export const isLost = (error) => LOST.has(error?.name);

/** What `reading` resolves, or undefined where that is lost. */
export const unlessLost = (reading) => reading.catch((error) => {
  if (!isLost(error)) throw error;
});

/** What `method` of the database answers, healed where it fails for one lost record. */
export async function read(db, method, name, ...asked) {
  try {
    return await db[method](name, ...asked);
  } catch (error) {
    if (!isLost(error) || !(name in HEALERS)) throw error;
    await HEALERS[name](db);
    return db[method](name, ...asked);
  }
}

const HEALERS = { outbox: healOutbox, visits: healVisits };

async function healOutbox(db) {
  const { known, lost } = await found(db, "outbox");
  if (!lost.length) return;
  const [ids, visits, chain] = [await keysOf(db, "id"), await keysOf(db, "visit"), await db.get("meta", "chain")];
  const stored = Math.max(0, ...[...known.values()].filter(({ status }) => status !== "waiting").map(({ seq }) => seq));
  for (const seq of lost) {
    const before = known.get(seq - 1);
    known.set(seq, {
      // They are sent in their order: with a later one, this one was stored.
      seq, id: ids.get(seq) ?? uuid7(), status: seq < stored ? "accepted" : "waiting", visit: visits.get(seq) ?? "-", type: "lost",
      wall: before?.wall ?? Date.now(), server_at: Date.now(), payload: "", prev: before?.hash ?? NOWHERE,
      hash: known.get(seq + 1)?.prev ?? (seq + 1 === chain?.next ? chain.head : NOWHERE),
    });
  }
  const tx = db.transaction("outbox", "readwrite", { durability: "strict" });
  for (const seq of lost) tx.store.put(known.get(seq));
  await tx.done;
}

async function healVisits(db) {
  const { lost } = await found(db, "visits");
  const tx = db.transaction(["visits", "meta"], "readwrite", { durability: "strict" });
  for (const key of lost) tx.objectStore("visits").delete(key);
  tx.objectStore("meta").delete("day");
  await tx.done;
}

// One by one, so that one that is lost takes no other along.
async function found(db, name) {
  const known = new Map();
  const lost = [];
  for (const key of await db.getAllKeys(name)) {
    const record = await unlessLost(db.get(name, key));
    if (record) known.set(key, record);
    else lost.push(key);
  }
  return { known, lost };
}

// What an index says of each record, without reading it.
async function keysOf(db, name) {
  const keys = new Map();
  for (let cursor = await db.transaction("outbox").store.index(name).openKeyCursor(); cursor; cursor = await cursor.continue()) {
    keys.set(cursor.primaryKey, cursor.key);
  }
  return keys;
}
