// The phone's outbox against a server that loses answers, is not ours, or refuses one fact for ever. Runs on a copy of
// the client ($CLIENT: its static folder) whose IndexedDB is memory_idb.mjs; everything else is the client itself.
import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";

delete globalThis.BroadcastChannel;
globalThis.dispatchEvent = () => true;
const load = (name) => import(`${pathToFileURL(process.env.CLIENT)}/js/sync/${name}`);
const { openStore, setCurrentUser, store, strictly } = await load("store.js");
const { openVault } = await load("vault.js");
const { append } = await load("chain.js");
const { push, waiting } = await load("push.js");
const { upload } = await load("upload.js");
const { eventsOf, keepSnapshot, visit, visits } = await load("journal.js");

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
    const { status = 200, results = [], ours = true, ...more } = await answer(events, JSON.parse(body));
    const headers = { "Content-Type": "application/json", ...(ours ? { "X-Field-Sync": "1" } : {}) };
    const whole = { server_time: 1, server_epoch: "e", min_app: "0", results, device: { next_seq: 1, head: "", chain: "ok" }, blobs_wanted: [], day_etag: "", ...more };
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

const VISIT = "0199e2a4-7b1c-7000-8000-00000000000a";
const statuses = async (name = "outbox") => (await store().getAll(name)).map(({ status }) => status);
const change = async (name, key, changes) => {
  const old = await store().get(name, key);
  await strictly([name], (tx) => tx.objectStore(name).put({ ...old, ...changes }));
};

test("a fact that its way damaged is sent again, and holds up nobody", async () => {
  let broken = true;
  const send = await phone(3, (events) => ({
    results: events.map(({ id, seq }) => (broken && seq === 2 ? { id, status: "quarantined", code: "hash_mismatch" } : { id, status: "accepted" })),
  }));
  assert.equal((await send()).kind, "wait");
  assert.deepEqual(await statuses(), ["accepted", "waiting", "accepted"]);
  broken = false;
  await send();
  assert.deepEqual(await statuses(), ["accepted", "accepted", "accepted"]);
});

test("a fact that is noise here gives up its number, and those behind it go on", async () => {
  const send = await phone(2, (events) => ({
    results: events.map(({ id, payload }) => (payload ? { id, status: "accepted" } : { id, status: "quarantined", code: "hash_mismatch" })),
  }));
  await change("outbox", 1, { payload: { iv: new Uint8Array(12), data: new ArrayBuffer(40) } });
  assert.equal((await send()).kind, "ok");
  assert.deepEqual(await statuses(), ["quarantined", "accepted"]);
  assert.deepEqual((await eventsOf(VISIT)).map((event) => event.seq), [2]);
});

test("a photo that the server lost waits again, whichever of several pushes says so", async () => {
  const send = await phone(101, (events) => ({ results: stored(events), blobs_wanted: events.length === 100 ? [{ blob: "ab", offset: 0 }] : [] }));
  await strictly(["blobs"], (tx) => [{ blob: "ab", status: "sent" }, { blob: "cd", status: "sent" }].map((photo) => tx.objectStore("blobs").put(photo)));
  assert.equal((await send()).kind, "ok");
  assert.deepEqual(await statuses("blobs"), ["waiting", "sent"]);
});

test("a server that asks for what is long gone here gets all that is left, over the gap", async () => {
  const named = [];
  const send = await phone(4, (events, { server_epoch: epoch }) => {
    named.push(epoch);
    const isBridged = epoch !== null && epoch !== "e";
    return { results: events.map(({ id }) => (isBridged ? { id, status: "accepted" } : { id, status: "retry", code: "missing_prev", expect_seq: 1 })) };
  });
  await strictly(["outbox"], (tx) => [1, 2].map((seq) => tx.objectStore("outbox").delete(seq)));
  assert.equal((await send()).kind, "ok");
  assert.deepEqual(named, [null, "forgotten"]);
  assert.deepEqual(await statuses(), ["accepted", "accepted"]);
});

test("two tabs that start together seal with one key", async () => {
  await openStore("T-tabs");
  const tabs = await Promise.all([1, 2].map((tab) => load(`vault.js?${tab}`)));
  await Promise.all(tabs.map((tab) => tab.openVault()));
  assert.equal(await tabs[1].unseal("outbox", await tabs[0].seal("outbox", "a fact")), "a fact");
});

test("a visit sealed with a key that is gone is not shown, and keeps no other from being shown", async () => {
  await phone(0, () => ({}));
  const one = (id) => ({
    visit_id: id, rev: 1, state: "planned", promise: { start: new Date().toISOString(), end: new Date(Date.now() + 3600_000).toISOString() }, events: [],
  });
  await keepSnapshot([one("a"), one("b")], "1");
  await change("visits", "a", { sealed: { iv: new Uint8Array(12), data: new ArrayBuffer(40) } });
  assert.deepEqual((await visits()).map((found) => found.visit_id), ["b"]);
  assert.equal(await visit("a"), null);
});

test("a visit that was begun here stays when the office gives it away, an untouched one goes", async () => {
  await phone(0, () => ({}));
  const one = (id) => ({
    visit_id: id, rev: 1, state: "planned", promise: { start: new Date().toISOString(), end: new Date(Date.now() + 3600_000).toISOString() }, events: [],
  });
  await keepSnapshot([one("a"), one("b")], "1");
  await append("a", "visit.arrived", { gps: null });
  await keepSnapshot([], "2");
  assert.deepEqual((await visits()).map((found) => found.visit_id), ["a"]);
  await keepSnapshot([], "3", [], Date.now() + 40 * 3600_000);
  assert.deepEqual(await visits(), []);
});

test("a photo goes in pieces that the way takes, and one that it never takes holds up no other", async () => {
  await phone(0, () => ({}));
  const put = (blob, bytes) => strictly(["blobs", "blob_chunks"], (tx) => [
    tx.objectStore("blobs").put({ blob, bytes, status: "waiting" }), tx.objectStore("blob_chunks").put({ blob, index: 0, data: new ArrayBuffer(bytes) }),
  ]);
  await put("never", 50_000);
  await put("small", 100_000);
  const got = { never: 0, small: 0 };
  globalThis.fetch = async (path, { method, body }) => {
    const blob = path.split("/").at(-1);
    const headers = { "X-Field-Sync": "1" };
    if (method === "HEAD") return new Response(null, { status: 404, headers: { ...headers, "Upload-Offset": String(got[blob]) } });
    if (blob === "never" || body.byteLength > 40_000) return new Response("too large", { status: 413 });
    got[blob] += body.byteLength;
    return new Response(null, { status: 204, headers: { ...headers, "Upload-Offset": String(got[blob]) } });
  };
  assert.equal((await upload()).kind, "too_large");
  assert.equal(got.small, 100_000);
  assert.deepEqual(await statuses("blobs"), ["waiting", "sent"]);
});
