// One writer at a time across tabs (Web Locks); a browser without them gets an order within the page at least.

const queues = new Map();

export function locked(name, work) {
  if (globalThis.navigator?.locks) return navigator.locks.request(name, work);
  const last = queues.get(name) ?? Promise.resolve();
  const mine = last.then(work, work);
  queues.set(name, mine.catch(() => {}));
  return mine;
}

// Runs `work` only if nobody else holds the lock; answers false otherwise.
export async function lockedIfFree(name, work) {
  if (!globalThis.navigator?.locks) {
    await locked(name, work);
    return true;
  }
  return navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (!lock) return false;
    await work();
    return true;
  });
}
