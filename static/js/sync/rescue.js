// What a person could not send from this phone, as one file sealed to the server's key: anybody of the staff can bring it
// in, nobody can read or change it. Works without a network, and whoever is signed in: it opens the database by itself.
// Owns the file's form (docs/sync-protocol.md, "Rescue files").

import { openDB } from "../../vendor/idb/idb.js";
import { PIECE } from "./photos.js";
import { nameOf } from "./database.js";
import { read } from "./healing.js";
import { openWith } from "./vault.js";

const FORMAT = "fieldapp-rescue";
const VERSION = 1;
const bytesOf = (text) => new TextEncoder().encode(text);

// What waits here, by person: [{login, facts, photos, key}], `key` being what a file of theirs is sealed to. Only of those
// for whom anything waits.
export async function held() {
  const prefix = nameOf("");
  const logins = (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const found = await Promise.all(logins.map((login) => opened(login, async (db) => {
    const [facts, photos, key] = await Promise.all([waitingIn(db, "outbox"), waitingIn(db, "blobs"), db.get("meta", "rescue")]);
    return { login, facts: facts.length, photos: photos.length, key };
  })));
  return found.filter(({ facts, photos }) => facts + photos > 0);
}

const waitingIn = async (db, name) => (await read(db, "getAll", name)).filter(({ status }) => status === "waiting");

async function opened(login, work) {
  const db = await openDB(nameOf(login), undefined, { blocking: (current, wanted, event) => event.target.close() });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

// The file {name, blob, facts, photos} of one person; `key` is {id, key} as /m/me.json gave it, `page` this page's moment.
export function rescueFile(login, key, page, now = Date.now()) {
  return opened(login, async (db) => {
    const [entries, facts, photos, device, epoch, clock, own] = await Promise.all([
      read(db, "getAll", "outbox"), waitingIn(db, "outbox"), waitingIn(db, "blobs"),
      ...["device", "server_epoch", "clock", "key:outbox"].map((name) => db.get("meta", name)),
    ]);
    const head = {
      device_id: device.id, login, server_epoch: epoch ?? null, clock: { ...page, off: clock?.off ?? null, rtt: clock?.rtt ?? null },
      events: await Promise.all(entries.map((entry) => asPushed(own, entry))),
      blobs: photos.map(({ blob, bytes }) => ({ blob, bytes, pieces: Math.ceil(bytes / PIECE) })),
    };
    const parts = [() => bytesOf(JSON.stringify(head))];
    for (const { blob, pieces } of head.blobs) {
      for (let index = 0; index < pieces; index += 1) parts.push(() => piece(db, own, [blob, index]));
    }
    const date = new Date(now).toISOString().slice(0, 10);
    return {
      name: `${FORMAT}-${login}-${date}.json`, blob: new Blob(await sealed(key, head, parts), { type: "application/json" }),
      facts: facts.length, photos: photos.length,
    };
  });
}

async function asPushed(own, { id, seq, prev, hash, payload }) {
  return { id, seq, prev, hash, payload: typeof payload === "string" ? payload : await legible(own, payload) };
}

// Noise goes as nothing, as in a push: the file is of use for all the rest.
const legible = (own, payload) => openWith(own, payload).then((bytes) => new TextDecoder().decode(bytes), () => "");

// A piece that is lost or damaged is left empty: the file says so of that photo, and brings in the rest.
async function piece(db, own, key) {
  const record = await db.get("blob_chunks", key).catch(() => null);
  return record ? openWith(own, record.data).catch(() => new ArrayBuffer(0)) : new ArrayBuffer(0);
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
