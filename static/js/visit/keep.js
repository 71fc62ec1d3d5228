// Drafts in the order of their changes: sealing takes time, and an older text must never land on a newer one.
// Owns one queue per draft; what was kept last is what is read again.

import { drafts, sealedDraft } from "../sync/journal.js";
import { saving } from "../sync/saving.js";
import { unlessFull } from "../sync/store.js";

const queues = new Map();

function next(key, work) {
  const whole = () => saving(work);
  const mine = (queues.get(key) ?? Promise.resolve()).then(whole, whole);
  queues.set(key, mine);
  return mine;
}

/** Keeps what `value()` says when its turn comes; resolves when it is on the disk. On a full disk it is only on the
 * screen: what is recorded from it then says that there is no room. */
export const keep = (key, value) => next(key, () => unlessFull(() => drafts.put(key, value())));

/** Lets `work(together)` record what the draft holds; `together` is for `append`: with the fact, and not a moment later, the
 * draft becomes what `left()` says (null: it goes), so that an app that is killed in between offers nothing twice. */
export const spend = (key, left, work) => next(key, async () => {
  const value = left();
  const sealed = value && (await sealedDraft(value));
  return work({
    stores: ["drafts"],
    also: (tx) => [sealed ? tx.objectStore("drafts").put(sealed, key) : tx.objectStore("drafts").delete(key)],
  });
});

/** Removes the draft after everything that was kept before. */
export const forget = (key) => next(key, () => drafts.remove(key));

/** The draft as it was kept last, or null. */
export const recall = (key) => next(key, () => drafts.get(key));
