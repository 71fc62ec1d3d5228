// The phone's outbox against a server that loses answers, is not ours, or refuses one fact for ever. Runs on a copy of
// the client ($CLIENT: its static folder) whose IndexedDB is memory_idb.mjs; everything else is the client itself.
import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";

delete globalThis.BroadcastChannel;
globalThis.dispatchEvent = () => true;
globalThis.IDBKeyRange = { bound: (lower, upper) => ({ lower, upper }) };
const load = (name) => import(`${pathToFileURL(process.env.CLIENT)}/js/sync/${name}`);
const { fill } = await import(`${pathToFileURL(process.env.CLIENT)}/vendor/idb/idb.js`);
const { openStore, setCurrentUser, store, strictly } = await load("store.js");
const { openVault } = await load("vault.js");
const { append } = await load("chain.js");
const { push, tell, waiting } = await load("push.js");
const { prune, resendIfRestored } = await load("restored.js");
const { upload } = await load("upload.js");
const { believableNow } = await load("clock.js");
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
  let next = 1;
  globalThis.fetch = async (path, { body }) => {
    const { events } = JSON.parse(body);
    seen.push(events);
    const { status = 200, results = [], ours = true, ...more } = await answer(events, JSON.parse(body));
    const headers = { "Content-Type": "application/json", ...(ours ? { "X-Field-Sync": "1" } : {}) };
    next = Math.max(next, ...events.filter(({ id }) => results.find((one) => one.id === id && one.status !== "retry")).map(({ seq }) => seq + 1));
    const whole = { server_time: 1, server_epoch: "e", min_app: "0", results, device: { next_seq: next, head: "", chain: "ok" }, blobs_wanted: [], day_etag: "", ...more };
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

test("an answer about another photo, mixed up on the way, calls nothing sent", async () => {
  await phone(0, () => ({}));
  await strictly(["blobs", "blob_chunks"], (tx) => [
    tx.objectStore("blobs").put({ blob: "mine", bytes: 9, status: "waiting" }), tx.objectStore("blob_chunks").put({ blob: "mine", index: 0, data: new ArrayBuffer(9) }),
  ]);
  let about = '"other"';
  globalThis.fetch = async () => new Response(null, { status: 200, headers: { "X-Field-Sync": "1", "Upload-Offset": "9", ETag: about } });
  assert.equal((await upload()).kind, "down");
  assert.deepEqual(await statuses("blobs"), ["waiting"]);
  about = 'W/"mine"';
  assert.equal((await upload()).kind, "ok");
  assert.deepEqual(await statuses("blobs"), ["sent"]);
});

const HOUR = 3600_000;
const put = (name, ...records) => strictly([name], (tx) => records.map((one) => tx.objectStore(name).put(one)));

// A phone that sent all it has, three facts and a photo, `hours` ago; `device` is what the server says then.
async function sentAll(hours, device, epoch = "e") {
  const send = await phone(3, (events) => ({
    results: stored(events), server_time: Date.now(), ...(events.length ? {} : { device, server_epoch: epoch }),
  }));
  assert.equal((await send()).kind, "ok");
  const then = Date.now() - hours * HOUR;
  await put("outbox", ...(await store().getAll("outbox")).map((entry) => ({ ...entry, server_at: then })));
  await put("blobs", { blob: "ab", status: "sent", server_at: then, bytes: 1 });
  await put("blob_chunks", { blob: "ab", index: 0, data: new ArrayBuffer(1) }, { blob: "b", index: 0, data: new ArrayBuffer(1) });
  await strictly(["meta"], (tx) => [tx.objectStore("meta").delete("told"), tx.objectStore("meta").put({ off: 0, rtt: 1, wall: Date.now() }, "clock")]);
}

// What the server says of a photo that it is asked about: a status, or 0 for nothing at all.
function photoIs(status, isOurs = true) {
  globalThis.fetch = async () => {
    if (!status) throw new TypeError("offline");
    return new Response(null, { status, headers: { ...(isOurs ? { "X-Field-Sync": "1" } : {}), "Upload-Offset": "0" } });
  };
}

const pieces = async () => (await store().getAll("blob_chunks")).map(({ blob }) => blob);

for (const [name, status, isOurs, left] of [
  ["it has it", 200, true, []], ["it lost it", 404, true, ["waiting"]], ["it is away", 0, true, ["sent"]],
  ["it is busy", 503, true, ["sent"]], ["a portal knows nothing of it", 404, false, ["sent"]],
]) {
  test(`the last bytes of a photo go only where the server says that it has them: ${name}`, async () => {
    await sentAll(73, null);
    photoIs(status, isOurs);
    await prune();
    assert.deepEqual(await statuses(), []);
    assert.deepEqual(await statuses("blobs"), left);
    assert.deepEqual(await pieces(), left.length ? ["ab", "b"] : ["b"]);
  });
}

test("a full disk gives up no photo that the server has just missed, and a server that is away is asked about one only", async () => {
  await sentAll(73, null);
  await put("blobs", { blob: "b", status: "sent", server_at: 1, bytes: 1 });
  photoIs(404);
  const release = fill("blobs");
  await prune();
  release();
  assert.deepEqual(await pieces(), ["ab", "b"]);
  let asked = 0;
  globalThis.fetch = async () => { asked += 1; throw new TypeError("offline"); };
  await prune();
  assert.equal(asked, 1);
});

for (const [status, code] of [["held", "promise_moved"], ["quarantined", "schema_invalid"], ["duplicate", "promise_moved"]]) {
  test(`what the server does not count stays while its visit is here, and what came after it: ${status}`, async () => {
    await sentAll(73, null);
    photoIs(200);
    const [first, second, third] = await store().getAll("outbox");
    await put("outbox", { ...second, status, code });
    await put("visits", { visit_id: second.visit, sealed: null });
    await prune();
    assert.deepEqual((await store().getAll("outbox")).map((entry) => entry.seq), [second.seq, third.seq]);
    await strictly(["visits"], (tx) => tx.objectStore("visits").delete(second.visit));
    await prune();
    assert.deepEqual(await statuses(), []);
    assert.equal(first.seq, 1);
  });
}

test("what was done at a visit is known from the server, too, whether it counts or waits, and though the visit left", async () => {
  await phone(0, () => ({}));
  const told = { visit_id: "v", rev: 1, state: "disputed", promise: { start: new Date().toISOString(), end: new Date().toISOString() } };
  const fact = (id, type, more = {}) => ({ id, type, at: Number(id), actor: "T001", data: {}, ...more });
  const last = { ...told, events: [fact("1", "visit.scheduled")], waiting: [fact("2", "visit.arrived", { code: "promise_moved" })] };
  await keepSnapshot([last], "1");
  assert.deepEqual((await eventsOf("v")).map(({ type, code }) => [type, code]), [["visit.scheduled", undefined], ["visit.arrived", "promise_moved"]]);
  assert.equal((await visit("v")).reached, "arrived");
  await keepSnapshot([], "2", [], Date.now() + 40 * HOUR);
  assert.equal(await visit("v"), null);
  assert.deepEqual(ids(await eventsOf("v", last)), ["1", "2"]);
});

test("by a clock that was set in the middle of a talk nothing goes", async () => {
  await sentAll(0, null);
  photoIs(200);
  await strictly(["meta"], (tx) => tx.objectStore("meta").put({ off: Date.now(), rtt: 1, wall: 0 }, "clock"));
  await prune();
  assert.deepEqual((await statuses()).length, 3);
});

for (const hours of [1, 73]) {
  test(`a server whose disk was put back is noticed ${hours} h later, with nothing to send, and gets what it lost`, async () => {
    await sentAll(hours, { next_seq: 2, head: "", chain: "ok" });
    assert.equal((await tell(DEVICE, "1.0.0")).kind, "ok");
    await prune();
    assert.deepEqual(await statuses(), ["accepted", "waiting", "waiting"]);
    assert.deepEqual(await statuses("blobs"), ["waiting"]);
  });
}

test("a server that goes on to wait for what it confirmed is not sent it for ever, but after the next loss it is", async () => {
  const device = { next_seq: 2, head: "", chain: "ok" };
  await sentAll(1, device);
  await tell(DEVICE, "1.0.0");
  const again = async () => {
    await put("outbox", ...(await store().getAll("outbox")).map((entry) => ({ ...entry, status: "accepted" })));
    await strictly(["meta"], (tx) => tx.objectStore("meta").delete("told"));
    await tell(DEVICE, "1.0.0");
  };
  await again();
  assert.deepEqual(await waiting(), []);
  device.next_seq = 4;
  await again();
  assert.deepEqual(await waiting(), []);
  device.next_seq = 2;
  await again();
  assert.equal((await waiting()).length, 2);
});

test("a restored server gets photos again, too, also of facts that it has, and also after the three days", async () => {
  await sentAll(73, null);
  assert.equal(await resendIfRestored("another"), true);
  assert.deepEqual(await statuses("blobs"), ["waiting"]);
  await sentAll(73, { next_seq: 4, head: "", chain: "ok" }, "another");
  await tell(DEVICE, "1.0.0");
  await put("blobs", { blob: "ab", status: "sent", server_at: 1, bytes: 1 });
  await prune();
  assert.deepEqual(await statuses("blobs"), ["sent"]);
});

test("a server whose restore only photos wait for is told so in the next talk, and they go again once", async () => {
  await phone(0, () => ({}));
  await strictly(["blobs", "meta"], (tx) => [
    tx.objectStore("blobs").put({ blob: "ab", status: "sent", server_at: 1, bytes: 1 }),
    tx.objectStore("meta").put("e", "server_epoch"),
    tx.objectStore("meta").put({ facts: 0, photos: 1, at: Date.now() }, "told"),
  ]);
  assert.equal(await resendIfRestored("another"), true);
  const before = seen.length;
  globalThis.fetch = ((plain) => async (path, sent) => {
    const answer = await (await plain(path, sent)).json();
    return new Response(JSON.stringify({ ...answer, server_epoch: "another" }), { headers: { "Content-Type": "application/json", "X-Field-Sync": "1" } });
  })(globalThis.fetch);
  await tell(DEVICE, "1.0.0");
  assert.equal(seen.length, before + 1);
  await strictly(["blobs"], (tx) => tx.objectStore("blobs").put({ blob: "ab", status: "sent", server_at: 1, bytes: 1 }));
  assert.equal(await resendIfRestored("another"), false);
});

for (const [name, off, ahead] of [["fast", -15 * 60_000, 0], ["slow", 15 * 60_000, 0], ["set back to long ago", 0, 50 * 365 * 24 * HOUR]]) {
  test(`what a person means by now is the server's time, with a clock that is ${name}`, async () => {
    await phone(0, () => ({}));
    await strictly(["meta"], (tx) => tx.objectStore("meta").put({ off, rtt: 1, wall: Date.now() + ahead }, "clock"));
    const now = await believableNow();
    assert.ok(Math.abs(now - (Date.now() + ahead + off)) < 5000);
  });
}
