// What is just being written down. Owns the count, so that nothing ends the page in the middle of it: a large photo takes
// a phone some seconds.

let open = 0;

/** Runs `write`, which `allSaved` waits for. */
export async function saving(write) {
  open += 1;
  try {
    return await write();
  } finally {
    open -= 1;
  }
}

// Asked again and again: one tap may write twice, and what comes second begins after the first has ended.
export async function allSaved() {
  while (open) await new Promise((done) => setTimeout(done, 100));
}
