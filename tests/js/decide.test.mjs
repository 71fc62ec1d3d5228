import assert from "node:assert/strict";
import test from "node:test";
import { batchOf, delay, halved, isRestored, meaning, outcome, patience, summary } from "../../static/js/sync/decide.js";

const entry = (seq, payload = "{}") => ({ id: `e${seq}`, seq, prev: "p", hash: "h", payload });
const many = (count) => Array.from({ length: count }, (_, index) => entry(index + 1));

test("a batch holds the oldest hundred", () => {
  assert.deepEqual(batchOf(many(150)).map((one) => one.seq), many(100).map((one) => one.seq));
});

test("a batch stays under 256 KB, quotes doubled", () => {
  const batch = batchOf([1, 2, 3, 4].map((seq) => entry(seq, '"'.repeat(50_000))));
  assert.equal(batch.length, 2);
  assert.ok(JSON.stringify(batch).length <= 256 * 1024);
});

test("one entry that is too large alone still goes", () => {
  assert.equal(batchOf([entry(1, "x".repeat(400_000)), entry(2)]).length, 1);
});

test("a batch that was too large is halved down to one", () => {
  assert.equal(halved(100).events, 50);
  assert.equal(halved(1).events, 1);
});

test("a large body has the time that a weak signal takes for it", () => {
  assert.equal(patience(), 30_000);
  assert.equal(patience(new Uint8Array(256 * 1024)), 30_000 + 65_536);
  assert.equal(patience("x".repeat(3999)), 31_000, "whole milliseconds");
});

test("waiting doubles from two seconds to five minutes, with jitter", () => {
  assert.equal(delay(1, 1), 2000);
  assert.equal(delay(3, 1), 8000);
  assert.equal(delay(3, 0), 4000);
  assert.equal(delay(30, 1), 300_000);
  for (let attempt = 1; attempt < 40; attempt += 1) {
    const pause = delay(attempt);
    assert.ok(pause >= 2000 && pause <= 300_000, `${attempt}: ${pause}`);
  }
});

test("Retry-After is the least that we wait", () => assert.equal(delay(1, 0, 60), 60_000));

test("an answer without our header is no answer", () => {
  assert.equal(meaning({ status: 200, ours: false, json: null }), "down");
  assert.equal(meaning({ status: 200, ours: true, json: {} }), "ok");
  assert.equal(meaning({ status: 304, ours: true, json: null }), "ok");
  assert.equal(meaning({ status: 0, ours: false, json: null }), "down");
});

test("each refusal has its own meaning", () => {
  const of = (status) => meaning({ status, ours: true, json: {} });
  assert.deepEqual(
    [401, 403, 404, 409, 413, 422, 426, 429, 500, 502, 503].map(of),
    ["signin", "refused", "answer", "answer", "too_large", "answer", "upgrade", "wait", "down", "down", "wait"],
  );
});

test("stored for ever is accepted, duplicate, held and quarantined; nothing else leaves the outbox", () => {
  const sent = many(6);
  const statuses = ["accepted", "duplicate", "held", "quarantined", "retry", "unheard of"];
  const results = sent.slice(0, 6).map((one, index) => ({ id: one.id, status: statuses[index], code: index === 4 ? "server_busy" : "c" }));
  const { stored, resendFrom, busy } = outcome(sent, { server_time: 7, results });
  assert.deepEqual(stored.map((one) => one.seq), [1, 2, 3, 4]);
  assert.equal(stored[0].server_at, 7);
  assert.equal(resendFrom, null);
  assert.equal(busy, true);
});

test("a missing predecessor asks for everything from the expected number", () => {
  const results = [
    { id: "e1", status: "retry", code: "missing_prev", expect_seq: 40 },
    { id: "e2", status: "retry", code: "missing_prev", expect_seq: 38 },
  ];
  assert.deepEqual(outcome(many(2), { results }), { stored: [], resendFrom: 38, busy: false });
});

test("an entry that the answer does not name stays", () => {
  assert.deepEqual(outcome(many(2), { results: [{ id: "e2", status: "accepted" }] }).stored.map((one) => one.seq), [2]);
});

test("a restored server is known by its epoch", () => {
  assert.equal(isRestored("a", "b"), true);
  assert.equal(isRestored("a", "a"), false);
  assert.equal(isRestored(null, "a"), false);
});

test("the bar says the three words", () => {
  const base = { phase: "idle", unsent: 0, sending: 0, photos: { waiting: 0, done: 0 }, lastAt: "18:02" };
  assert.equal(summary(base).key, "sync.server_at");
  assert.deepEqual(summary({ ...base, unsent: 3 }).params, { count: 3 });
  assert.equal(summary({ ...base, unsent: 3 }).key, "sync.here_count");
  assert.equal(summary({ ...base, unsent: 3, phase: "sending" }).key, "sync.sending_count");
  assert.deepEqual(summary({ ...base, phase: "sending", photos: { waiting: 2, done: 3 } }).params, { done: 3, total: 5 });
  assert.equal(summary({ ...base, photos: { waiting: 0, done: 3, damaged: 1 } }).key, "sync.damaged_count");
  assert.equal(summary({ ...base, lastAt: null }).key, "sync.never");
  assert.equal(summary({ ...base, phase: "sending" }).key, "sync.server_at");
});
