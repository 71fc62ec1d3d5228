// The phone's outbox against a server that loses answers, is not ours, or refuses one fact for ever. Runs on a copy of
// the client ($CLIENT: its static folder) whose IndexedDB is memory_idb.mjs; everything else is the client itself.
import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";

delete globalThis.BroadcastChannel;
globalThis.dispatchEvent = () => true;
const load = (name) => import(`${pathToFileURL(process.env.CLIENT)}/js/sync/${name}`);
const { openStore, setCurrentUser, store } = await load("store.js");
const { openVault } = await load("vault.js");
const { append } = await load("chain.js");
const { push, waiting } = await load("push.js");

const DEVICE = "0199e2a4-7b1c-7000-8000-000000000001";
let users = 0;
let seen;

// A phone with `count` facts; `answer(events)` is what the server says: {status, results, ours}, or throws.
async function phone(count, answer) {
  const login = `T${users += 1}`;
  await setCurrentUser(login);
  await openStore(login);
  await openVault();
  for (let number = 0; number < count; number += 1) await append("0199e2a4-7b1c-7000-8000-00000000000a", "note.added", { text: `${number}` });
  seen = [];
  globalThis.fetch = async (path, { body }) => {
    const { events } = JSON.parse(body);
    seen.push(events);
    const { status = 200, results = [], ours = true } = await answer(events);
    const headers = { "Content-Type": "application/json", ...(ours ? { "X-Field-Sync": "1" } : {}) };
    const whole = { server_time: 1, server_epoch: "e", min_app: "0", results, device: { next_seq: 1, head: "", chain: "ok" }, blobs_wanted: [], day_etag: "" };
    return new Response(JSON.stringify(whole), { status, headers });
  };
  return () => push(DEVICE, "1.0.0", () => {});
}

const stored = (events, status = "accepted") => events.map(({ id }) => ({ id, status }));
const ids = (entries) => entries.map((entry) => entry.id);

test("a fact stays in the outbox until the server's own word about it", async () => {
  const during = [];
  const send = await phone(3, async (events) => {
    during.push(ids(await waiting()));
    return { results: stored(events) };
  });
  const all = ids(await waiting());
  assert.equal((await send()).kind, "ok");
  assert.deepEqual(during, [all]);
  assert.deepEqual(await waiting(), []);
  assert.deepEqual((await store().getAll("outbox")).map((entry) => entry.status), ["accepted", "accepted", "accepted"]);
});

for (const [name, answer] of Object.entries({
  "is lost": () => { throw new TypeError("the line broke"); },
  "is a captive portal's": (events) => ({ results: stored(events), ours: false }),
  "is 401": () => ({ status: 401 }),
  "is 500": () => ({ status: 500, ours: false }),
  "is 503": () => ({ status: 503 }),
})) {
  test(`when the answer ${name}, every fact is sent again as it was`, async () => {
    let lost = true;
    const send = await phone(3, (events) => (lost ? answer(events) : { results: stored(events, "duplicate") }));
    const before = ids(await waiting());
    await send();
    assert.deepEqual(ids(await waiting()), before);
    lost = false;
    await send();
    assert.equal(seen.length, 2);
    assert.deepEqual(seen[1], seen[0]);
    assert.deepEqual(await waiting(), []);
  });
}

test("a fact that the server put into quarantine is not sent for ever", async () => {
  const send = await phone(3, (events) => ({ results: stored(events, "quarantined") }));
  assert.equal((await send()).kind, "ok");
  assert.equal(seen.length, 1);
  assert.deepEqual(await waiting(), []);
});

test("a poisoned fact does not hold up those behind it", async () => {
  const send = await phone(3, (events) => ({
    results: events.map(({ id }, index) => ({ id, status: index ? "accepted" : "quarantined", code: "schema_invalid" })),
  }));
  await send();
  assert.deepEqual((await store().getAll("outbox")).map((entry) => entry.status), ["quarantined", "accepted", "accepted"]);
});
