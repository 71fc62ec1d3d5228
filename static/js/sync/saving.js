// What is just being written down. Owns the count, so that nothing ends the page in the middle of it: a large photo takes
// a phone some seconds.

const TRIES = 600;
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

export const isSaving = () => open > 0;

// Asked again and again: one tap may write twice, and what comes second begins as the first has ended. What never ends,
// a picture at which the browser hangs, keeps nobody from leaving for ever.
export async function allSaved() {
  for (let tries = 0; open && tries < TRIES; tries += 1) await new Promise((done) => setTimeout(done, 100));
}
