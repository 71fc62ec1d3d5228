// The arrival: one tap whose moment counts, and one GPS fix that may come a little later. Owns the wait for the fix.
// The tap is on the disk at once (as a draft with its stamp); the fact follows with the fix, or with the reason why there
// is none, within WAIT - or before whatever is recorded next - or when a killed app starts again.

import { serverNow } from "../sync/clock.js";
import { append, drafts, eventsOf, tapped } from "../sync/journal.js";
import { locked } from "../sync/lock.js";

const WAIT = 8000;
const FRESH = 60_000;
const STATUS = { 1: "denied", 2: "unavailable", 3: "timeout" };
let best = null;
let giveUp = null;

/** Wakes the receiver on the way, so that the fix is there at the door. Asks for permission where it must. */
export function warmUp() {
  read().then((gps) => { if (gps.lat !== undefined) best = gps; });
}

/** The tap. Resolves when it cannot be lost any more; the fix is waited for elsewhere. */
export async function arrive(visitId) {
  const stamp = tapped();
  if (best && stamp.wall - best.ts < FRESH) return append(visitId, "visit.arrived", { gps: best }, { stamp });
  // Another one may still wait: two orders in one house.
  await locked("arrival", async () => {
    await written({ status: "timeout" });
    await drafts.put("arrival", { visit: visitId, stamp });
  });
  wait(visitId);
  return null;
}

/** After a start: an arrival that a killed app left behind is waited for again, and written. */
export async function resume() {
  const left = giveUp ? null : await pending();
  if (left) wait(left.visit);
}

function wait(visitId) {
  const timer = new Promise((resolve) => { giveUp = () => resolve({ status: "timeout" }); });
  const late = setTimeout(giveUp, WAIT);
  Promise.race([read(), timer]).then((gps) => settle(gps, visitId)).finally(() => clearTimeout(late));
}

/** The arrival that still waits for its fix: {visit, at}, or null. */
export async function pending() {
  const draft = await drafts.get("arrival");
  return draft && { visit: draft.visit, at: await serverNow(draft.stamp.wall) };
}

/** Writes a waiting arrival down, now; without one, or with one at another visit than `only`, it does nothing. */
export const settle = (gps = { status: "timeout" }, only = null) => locked("arrival", () => written(gps, only));

async function written(gps, only = null) {
  const draft = await drafts.get("arrival");
  if (!draft || (only && draft.visit !== only)) return;
  const known = (await eventsOf(draft.visit)).some((event) => event.type === "visit.arrived");
  if (known) await drafts.remove("arrival");
  else {
    await append(draft.visit, "visit.arrived", { gps }, {
      stamp: draft.stamp, stores: ["drafts"], also: (tx) => [tx.objectStore("drafts").delete("arrival")],
    });
  }
  giveUp?.();
  giveUp = null;
}

function read() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve({ status: "unavailable" });
    return navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) => resolve({
        lat: coords.latitude, lon: coords.longitude, acc: Math.round(coords.accuracy), ts: Math.round(timestamp), src: "browser",
      }),
      (error) => resolve({ status: STATUS[error.code] ?? "unavailable" }),
      { enableHighAccuracy: true, timeout: WAIT, maximumAge: FRESH },
    );
  });
}
