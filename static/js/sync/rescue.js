// What this phone could not send, as one file sealed to the server's key: anybody of the staff can bring it in, nobody can
// read or change it. Works without a network. Owns the file's form (docs/sync-protocol.md, "Rescue files").

import { PIECE, piece } from "./photos.js";
import { store, storeOwner } from "./store.js";
import { unseal } from "./vault.js";

const FORMAT = "fieldapp-rescue";
const VERSION = 1;
const bytesOf = (text) => new TextEncoder().encode(text);

// The file {name, blob, facts, photos}; `key` is {id, key} as /m/me.json gave it. `clock` is this page's own.
export async function rescueFile(key, clock, now = Date.now()) {
  const [entries, photos, device, epoch] = await Promise.all([
    store().getAll("outbox"), store().getAll("blobs"), store().get("meta", "device"), store().get("meta", "server_epoch"),
  ]);
  const waiting = photos.filter((photo) => photo.status === "waiting");
  const head = {
    device_id: device.id, login: storeOwner(), server_epoch: epoch ?? null, clock,
    events: await Promise.all(entries.map(asPushed)),
    blobs: waiting.map(({ blob, bytes }) => ({ blob, bytes, pieces: Math.ceil(bytes / PIECE) })),
  };
  const parts = [() => bytesOf(JSON.stringify(head))];
  for (const { blob, pieces } of head.blobs) {
    for (let index = 0; index < pieces; index += 1) parts.push(async () => (await piece(blob, index)) ?? new ArrayBuffer(0));
  }
  const date = new Date(now).toISOString().slice(0, 10);
  return {
    name: `${FORMAT}-${head.login}-${date}.json`, blob: new Blob(await sealed(key, head, parts), { type: "application/json" }),
    facts: entries.filter((entry) => entry.status === "waiting").length, photos: waiting.length,
  };
}

async function asPushed({ id, seq, prev, hash, payload }) {
  return { id, seq, prev, hash, payload: await unseal("outbox", payload) };
}

// The text of the file, piece by piece; `parts` are functions, so that one photo at a time is in memory.
export async function sealed({ id, key }, { device_id: deviceId, login }, parts) {
  const { point, seal } = await sealer(Uint8Array.from(atob(key), (sign) => sign.charCodeAt(0)));
  const envelope = JSON.stringify({ format: FORMAT, version: VERSION, key: id, device_id: deviceId, login, ephemeral: base64(point) });
  const text = [`${envelope.slice(0, -1)},"parts":[`];
  for (const [index, part] of parts.entries()) {
    const bound = `${FORMAT}/${VERSION}\n${deviceId}\n${login}\n${index}\n${parts.length}`;
    text.push(`${index ? "," : ""}"${base64(await seal(index, bound, await part()))}"`);
  }
  text.push("]}");
  return text;
}

// A key for this one file: ECDH on P-256 with a pair that is forgotten at once, HKDF-SHA256, AES-GCM.
async function sealer(server) {
  const { subtle } = crypto;
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await subtle.importKey("raw", server, curve, false, []);
  const own = await subtle.generateKey(curve, false, ["deriveBits"]);
  const point = new Uint8Array(await subtle.exportKey("raw", own.publicKey));
  const shared = await subtle.importKey("raw", await subtle.deriveBits({ name: "ECDH", public: theirs }, own.privateKey, 256), "HKDF", false, ["deriveKey"]);
  const salt = new Uint8Array([...point, ...server]);
  const key = await subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info: bytesOf(`${FORMAT}/${VERSION}`) }, shared, { name: "AES-GCM", length: 256 }, false, ["encrypt"],
  );
  const seal = (index, bound, bytes) => {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, index);
    return subtle.encrypt({ name: "AES-GCM", iv, additionalData: bytesOf(bound) }, key, bytes);
  };
  return { point, seal };
}

function base64(content) {
  const bytes = new Uint8Array(content);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
