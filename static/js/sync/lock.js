// One writer at a time across tabs (Web Locks); a browser without them gets an order within the page at least.

// A lock is held for milliseconds. Whoever does not get it for so long waits for a tab that the system has frozen.
const PATIENCE = 10_000;
const queues = new Map();
// The locks that this tab holds: what waits behind its own work, on a slow disk, goes on waiting.
const ours = new Set();

// Another tab of this app keeps the lock: nothing was done.
export class HeldElsewhere extends Error {
  constructor() {
    super("held_elsewhere");
    this.name = "HeldElsewhere";
    this.code = "held_elsewhere";
  }
}

// Runs `work` while nobody else holds the lock. Raises HeldElsewhere.
export async function locked(name, work) {
  if (!globalThis.navigator?.locks) return inTurn(name, work);
  const waiting = new AbortController();
  let late;
  const wait = () => { late = setTimeout(() => (ours.has(name) ? wait() : waiting.abort()), PATIENCE); };
  let isHeld = false;
  wait();
  try {
    return await navigator.locks.request(name, { signal: waiting.signal }, async () => {
      isHeld = true;
      clearTimeout(late);
      ours.add(name);
      try {
        return await work();
      } finally {
        ours.delete(name);
      }
    });
  } catch (error) {
    throw isHeld ? error : new HeldElsewhere();
  } finally {
    clearTimeout(late);
  }
}

function inTurn(name, work) {
  const last = queues.get(name) ?? Promise.resolve();
  const mine = last.then(work, work);
  queues.set(name, mine.catch(() => {}));
  return mine;
}

// Runs `work` only if nobody else holds the lock, or takes it away from whoever does; answers whether it ran.
export async function lockedIfFree(name, work, takeAway = false) {
  if (!globalThis.navigator?.locks) {
    await inTurn(name, work);
    return true;
  }
  return navigator.locks.request(name, takeAway ? { steal: true } : { ifAvailable: true }, async (lock) => {
    if (!lock) return false;
    await work();
    return true;
  });
}
