// The arrival: one tap whose moment counts, and one GPS fix that may come a little later. Owns the wait for the fix.
// The tap is on the disk at once (as a draft with its stamp); the fact follows with the fix, or with the reason why there
// is none, within WAIT - or before whatever is recorded next - or when a killed app starts again.

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
  await drafts.put("arrival", { visit: visitId, stamp });
  wait();
  return null;
}

/** After a start: an arrival that a killed app left behind is waited for again, and written. */
export async function resume() {
  if (!giveUp && (await pending())) wait();
}

function wait() {
  const timer = new Promise((resolve) => { giveUp = () => resolve({ status: "timeout" }); });
  const late = setTimeout(giveUp, WAIT);
  Promise.race([read(), timer]).then(settle).finally(() => clearTimeout(late));
}

/** The arrival that still waits for its fix: {visit, at}, or null. */
export async function pending() {
  const draft = await drafts.get("arrival");
  return draft && { visit: draft.visit, at: draft.stamp.wall };
}

/** Writes a waiting arrival down, now; without one it does nothing. */
export function settle(gps = { status: "timeout" }) {
  return locked("arrival", async () => {
    const draft = await drafts.get("arrival");
    if (!draft) return;
    const known = (await eventsOf(draft.visit)).some((event) => event.type === "visit.arrived");
    if (known) await drafts.remove("arrival");
    else {
      await append(draft.visit, "visit.arrived", { gps }, {
        stamp: draft.stamp, stores: ["drafts"], also: (tx) => [tx.objectStore("drafts").delete("arrival")],
      });
    }
    giveUp?.();
    giveUp = null;
  });
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
