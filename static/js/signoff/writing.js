// Writing what the customer says: each fact is held against the visit and the statement as they are by then, and written once,
// whichever window asks. `here` is the hand-over that handover.js shows.

import { clockTime, dateOf, price } from "../lib/time.js";
import { t } from "../lib/words.js";
import { sha256 } from "../lib/ids.js";
import { append } from "../sync/journal.js";
import { locked } from "../sync/lock.js";
import { manifestOf } from "../visit/facts.js";
import { mayFollow } from "../visit/lifecycle.js";
import { spend } from "../visit/keep.js";
import { know, NotNow } from "../visit/record.js";
import { statementOf } from "./statement.js";

/** What is known of the visit: of one that leaves the phone in the customer's hand (given to somebody else, signed out in another
 * window), what was known of it last. */
export async function latest(here) {
  const known = await know(here.id, here.visit);
  here.visit = known.visit;
  return known;
}

/** Whether they may still sign, and for this very text. */
export const holds = async (here, known) => mayFollow(known.state, "statement.presented") && (await written(here, known)).docHash === here.draft.docHash;

/** What the statement says by now, and whose it is. */
export async function written(here, { visit, facts }) {
  const technician = { name: here.me.name === here.me.login ? "" : here.me.name, code: here.me.login };
  const doc = statementOf(visit, facts, technician, t, { date: dateOf, time: clockTime, price });
  return { doc, docHash: await sha256(doc), technician: technician.name || technician.code };
}

/** Together with what the draft then says of it, for who is killed in between. Once, whoever taps in whichever window. Raises
 * NotNow where the visit, or what its statement says, is another by now than what was `shown` where they tapped. */
export const recorded = (here, type, data, change, shown) => locked("complete", () => spend(
  "handover", () => ({ ...here.draft, ...change }), async (together) => {
    const known = await latest(here);
    if (isThere(known.facts, type, data)) return;
    if (shown !== here.draft.docHash || !(await holds(here, known))) throw new NotNow(known.state);
    await append(here.id, type, data, together);
    Object.assign(here.draft, change);
  },
));

const isThere = (facts, type, data) => (type === "statement.presented"
  ? facts.presented === data.doc_hash : type.startsWith("signature.") && isSigned(facts));
const isSigned = ({ signature, refused }) => Boolean(signature || refused);

/** Killed between the signature (or its refusal) and the completion: the completion is made up for. */
export async function repaired(here, { facts }) {
  if (isSigned(facts)) await complete(here);
  return isSigned(facts);
}

/** Once, whoever asks at the same moment: a second completion would dispute the visit. */
export const complete = (here) => locked("complete", async () => {
  const { facts } = await latest(here);
  if (facts.completedAt === null) await append(here.id, "visit.completed", { manifest: manifestOf(facts) });
});
