// Appending facts. Owns ids, the per-device sequence (from 1) and the hash chain:
// hash = SHA-256(prev + "\n" + payload) in hex, the first prev being 64 zeros. The payload is hashed, kept and sent as
// the very same string; nobody parses and writes it again on the way.

import { sha256, uuid7 } from "../lib/ids.js";
import { changed } from "./bus.js";
import { fits } from "./decide.js";
import { locked } from "./lock.js";
import { saving } from "./saving.js";
import { store, storeOwner, strictly } from "./store.js";
import { seal } from "./vault.js";

export const FIRST_PREV = "0".repeat(64);
// One life of this page: monotonic times compare within it only.
const boot = uuid7();

export const linkHash = (prev, payload) => sha256(`${prev}\n${payload}`);

// What is hashed: the envelope with times as this phone knows them; the server works out the rest.
export function payloadOf({ type, visitId, visitRev, actor, data, sample, now, mono, bootId = boot, tz }) {
  // A negative age says that the clock was set back behind the last contact: the server has to see it.
  const clk = sample ? { off: sample.off, rtt: sample.rtt, age: Math.round(now - sample.wall) } : null;
  return JSON.stringify({
    v: 1, type, visit_id: visitId, visit_rev: visitRev, actor, wall: now, mono, boot: bootId, clk, tz, data,
  }, wellFormed);
}

// Half an emoji, left by a keyboard or a cut, is no text, nor is the zero that a bar code may hold: nobody else could read
// the fact.
const wellFormed = (_, value) => (typeof value === "string" ? (value.toWellFormed?.() ?? value).replaceAll("\u0000", "\ufffd") : value);

// The moment of a tap, for a fact that is written a little later (an arrival waits for its GPS fix).
export const tapped = () => ({ wall: Date.now(), mono: Math.round(performance.now() * 10) / 10, boot });

// Writes one fact; resolves {id, seq} when it is on the disk. `also(tx)` queues more into the same transaction, over the
// stores named in `stores`; `stamp` is what `tapped()` gave. Raises StorageFull.
export function append(visitId, type, data = {}, { stores = [], also = () => [], stamp = tapped() } = {}) {
  return saving(() => locked("journal", async () => {
    const db = store();
    const [chain, sample, visit] = await Promise.all([
      db.get("meta", "chain"), db.get("meta", "clock"), db.get("visits", visitId),
    ]);
    const { next, head } = chain ?? { next: 1, head: FIRST_PREV };
    const { wall, mono, boot: bootId } = stamp;
    const payload = payloadOf({
      type, visitId, visitRev: visit?.rev ?? 0, actor: storeOwner(), data, sample, now: wall,
      mono, bootId, tz: -new Date(wall).getTimezoneOffset(),
    });
    // Nothing after it could ever be sent. Every screen bounds what it takes, so this is for a mistake of ours.
    if (!fits(payload)) throw new Error(`${type} is larger than a push`);
    const hash = await linkHash(head, payload);
    const entry = {
      seq: next, id: uuid7(), status: "waiting", visit: visitId, type, wall, prev: head, hash,
      payload: await seal("outbox", payload),
    };
    await strictly(["meta", "outbox", ...stores], (tx) => [
      tx.objectStore("outbox").add(entry),
      tx.objectStore("meta").put({ next: next + 1, head: hash }, "chain"),
      ...also(tx),
    ]);
    changed({ appended: true });
    return { id: entry.id, seq: entry.seq };
  }));
}
