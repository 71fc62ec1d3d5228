// Writing a fact from a screen: what may not follow is refused, what waits goes first, and the person is told.
// Owns the sentence after it and the sentence when it fails.

import { say } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { believableNow } from "../sync/clock.js";
import { append, eventsOf, visit as visitOf } from "../sync/journal.js";
import { saving } from "../sync/saving.js";
import { pending, settle } from "./arrival.js";
import { factsOf } from "./facts.js";
import { mayFollow, stateOf } from "./lifecycle.js";

/** What this phone knows of one visit: {visit, facts, state, now}; null when the visit is not on it, and nobody says what it was
 * like `last`. */
export async function know(visitId, last = null) {
  const visit = (await visitOf(visitId)) ?? last;
  if (!visit) return null;
  const events = await eventsOf(visitId, last);
  const waiting = await pending();
  if (waiting?.visit === visitId && !events.some((event) => event.type === "visit.arrived")) {
    events.push({ id: "pending", type: "visit.arrived", at: waiting.at, data: { gps: null } });
  }
  // Who stands in the customer's home goes on although the office cancelled meanwhile; the dispatcher decides about it.
  const arrived = events.some((event) => event.type === "visit.arrived");
  const ruling = visit.state === "void" || (visit.state === "cancelled" && !arrived) ? visit.state : null;
  return { visit, facts: factsOf(visit, events), now: await believableNow(), state: stateOf(events.map((event) => event.type), ruling) };
}

/** Writes one fact durably and says so; `together` as for `append`. Raises NotNow where the visit's state does not allow it. */
export const record = (visitId, type, data = {}, together = {}) => saving(async () => {
  await settle();
  const known = await know(visitId);
  if (known && !mayFollow(known.state, type)) throw new NotNow(known.state);
  const written = await append(visitId, type, data, together);
  say(t("visit.saved"));
  return written;
});

/** The visit went on meanwhile, in another tab or at the office. */
export class NotNow extends Error {
  constructor(state) {
    super("not_now");
    this.code = "not_now";
    this.state = state;
  }
}

/** The sentence for something that went wrong. A fault that nobody foresaw is said, too, and shown to who looks. */
export function sentence(error) {
  if (typeof error?.code === "string") return t(`error.${error.code}`);
  reportError(error);
  return t("error.unknown");
}
