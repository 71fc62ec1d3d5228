import assert from "node:assert/strict";
import test from "node:test";
import { better, sampleOf } from "../../static/js/sync/clock.js";

test("the offset is what must be added to the phone's clock", () => {
  const sample = sampleOf({ sent: 10_000, received: 9_211, answered: 9_213, got: 10_048 });
  assert.deepEqual(sample, { off: -812, rtt: 46, wall: 10_048 });
});

test("the shorter way wins", () => {
  const kept = { off: 5, rtt: 40, wall: 1000 };
  assert.equal(better(kept, { off: 9, rtt: 80, wall: 2000 }), kept);
  assert.equal(better(kept, { off: 9, rtt: 20, wall: 2000 }).rtt, 20);
  assert.equal(better(undefined, kept), kept);
});

test("an old sample, or one from before the clock was set, is replaced", () => {
  const kept = { off: 5, rtt: 40, wall: 10_000_000 };
  const late = { off: 9, rtt: 80, wall: 10_000_000 + 31 * 60_000 };
  assert.equal(better(kept, late), late);
  const set = { off: 3_600_000, rtt: 80, wall: 10_000_500 };
  assert.equal(better(kept, set), set);
  const back = { off: 9, rtt: 80, wall: 9_000_000 };
  assert.equal(better(kept, back), back);
});
