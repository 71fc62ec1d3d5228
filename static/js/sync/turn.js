// Which tab does the talking. Owns taking the turn away from a tab that the system has frozen in the middle of a talk.

import { lockedIfFree } from "./lock.js";

// A tab that has the turn and neither sends nor stores anything for so long goes on no more.
const FROZEN = 5 * 60_000;
let elsewhereSince = null;

// Another tab stored something: it goes on.
export const lives = () => { elsewhereSince = null; };

// Runs `work` if it is this tab's turn; answers whether it was. Two that talk at once double nothing, they only cost.
export async function inTurn(work) {
  const isFrozen = elsewhereSince !== null && performance.now() - elsewhereSince > FROZEN;
  const ran = await lockedIfFree("sync", work, isFrozen);
  elsewhereSince = ran ? null : elsewhereSince ?? performance.now();
  return ran;
}
