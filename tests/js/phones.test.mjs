import assert from "node:assert/strict";
import test from "node:test";
import { receipt, todo } from "../../static/js/phone/outbox.js";
import { rulings } from "../../static/js/sync/day.js";
import { sealed } from "../../static/js/sync/rescue.js";

const day = (moment) => Math.floor(moment / 1000);
const sent = (visit, type, at = 1500, status = "accepted") => ({ visit, type, server_at: at, status });

test("the receipt counts what the server confirmed today, and only when nothing waits", () => {
  const entries = [sent("a", "visit.completed"), sent("a", "signature.captured", 1700), sent("b", "visit.completed"), sent("c", "note.added", 400)];
  const photos = [{ status: "sent", server_at: 1600 }, { status: "sent", server_at: 900 }];
  assert.deepEqual(receipt(entries, photos, day, 1999), { visits: 2, photos: 1, signatures: 1, at: 1700 });
  assert.equal(receipt([...entries, { status: "waiting" }], photos, day, 1999), null);
  assert.equal(receipt(entries, [{ status: "waiting" }], day, 1999), null);
  assert.equal(receipt(entries, photos, day, 2000), null);
  assert.equal(receipt([sent("a", "signature.captured", 1500, "quarantined")], [], day, 1999), null);
});

test("each entry that is not simply fine says what to do", () => {
  assert.equal(todo({ status: "accepted", code: null, wall: 0 }), null);
  assert.equal(todo({ status: "held", code: "visit_cancelled", wall: 0 }), "todo.dispatcher");
  assert.equal(todo({ status: "held", code: "clock_suspect", wall: 0 }), "todo.clock");
  assert.equal(todo({ status: "quarantined", code: "hash_mismatch", wall: 0 }), "todo.office");
  assert.equal(todo({ status: "waiting", code: null, wall: 0 }, "signin", 1), "todo.signin");
  assert.equal(todo({ status: "waiting", code: null, wall: 0 }, "offline", 1), null);
  assert.equal(todo({ status: "waiting", code: null, wall: 0 }, "offline", 25 * 3600_000), "todo.waiting");
});

const visit = (id, events) => ({ visit_id: id, external_id: id, promise: { start: 1, end: 2 }, customer: { name: id }, events });
const voided = { id: "1", type: "visit.voided", data: { reason: "not ours" } };
const leftOut = { id: "3", type: "visit.reinstated", data: { reason: "by mistake", left_out: ["f"] } };
const reinstated = { id: "2", type: "visit.reinstated", data: { reason: "it is" } };

test("a decision is told once, with its reason", () => {
  const before = [visit("a", []), visit("b", [voided])];
  const after = [visit("a", [voided]), visit("b", [voided, reinstated]), visit("c", [voided]), visit("d", [leftOut])];
  assert.deepEqual(rulings([...before, visit("d", [])], after).map((one) => [one.kind, one.visit_id, one.reason]), [
    ["voided", "a", "not ours"], ["reinstated", "b", "it is"], ["left_out", "d", "by mistake"],
  ]);
  assert.deepEqual(rulings(after, after), []);
});

// Opens a file with the server's private key, as rescue_files.py does.
async function openWith(pair, server, file) {
  const { subtle } = crypto;
  const point = Buffer.from(file.ephemeral, "base64");
  const theirs = await subtle.importKey("raw", point, { name: "ECDH", namedCurve: "P-256" }, false, []);
  const bits = await subtle.deriveBits({ name: "ECDH", public: theirs }, pair.privateKey, 256);
  const secret = await subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode("fieldapp-rescue/1");
  const salt = Buffer.concat([point, server]);
  const key = await subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info }, secret, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  return (index, count) => {
    const iv = new Uint8Array(12);
    iv[11] = index;
    const additionalData = new TextEncoder().encode(`fieldapp-rescue/1\n${file.device_id}\n${file.login}\n${index}\n${count}`);
    return subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, Buffer.from(file.parts[index], "base64"));
  };
}

test("a sealed file opens with the server's key, part by part, in its place only", async () => {
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const server = Buffer.from(await crypto.subtle.exportKey("raw", pair.publicKey));
  const photo = crypto.getRandomValues(new Uint8Array(65_536));
  const parts = [() => new TextEncoder().encode("facts"), async () => photo.buffer];
  const text = await sealed({ id: "k", key: server.toString("base64") }, { device_id: "d", login: "T001" }, parts);
  const file = JSON.parse(text.join(""));
  assert.deepEqual([file.format, file.version, file.key, file.parts.length], ["fieldapp-rescue", 1, "k", 2]);
  const open = await openWith(pair, server, file);
  assert.equal(new TextDecoder().decode(await open(0, 2)), "facts");
  assert.deepEqual(new Uint8Array(await open(1, 2)), photo);
  await assert.rejects(open(1, 3));
});
