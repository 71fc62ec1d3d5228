// What lies on the phone's disk is sealed with keys that scripts can use but not read (AES-GCM, non-extractable).
// Owns the two keys: `snapshot` (what the office told us; destroyed on sign-out) and `outbox` (what we did).
// A browser that cannot store keys works unsealed, and says so in every push.

import { locked } from "./lock.js";
import { Emptied, store, strictly } from "./store.js";

const NAMES = ["snapshot", "outbox"];
const TRIES = 40;
let keys = {};
let destroyed = new Set();

// Raises Emptied where the outbox's key is lost: what lies there is noise, and so is its chain.
export async function openVault() {
  keys = {};
  destroyed = new Set();
  // Two tabs that start together must not seal with two keys of which the disk keeps one.
  await locked("vault", async () => {
    for (const name of NAMES) keys[name] = (await lasting(name)) ?? (await makeKey(name));
  });
}

const kept = (name) => store().get("meta", `key:${name}`);

// A browser may hold a key and not be able to hand it out yet (WebKit, while the system's own store of keys is locked): it is
// asked for a while before the key is taken for lost, and all that it sealed with it.
async function lasting(name) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const key = await kept(name);
    if (key || !(await store().count("meta", `key:${name}`))) return key;
    await new Promise((done) => setTimeout(done, 250));
  }
  return null;
}

async function makeKey(name) {
  if (name === "outbox" && (await store().getAll("outbox")).some((entry) => entry.payload.iv)) throw new Emptied();
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  try {
    // What the snapshot's last key sealed cannot be read any more, and is fetched again.
    await strictly(["meta", "visits"], (tx) => [
      tx.objectStore("meta").put(key, `key:${name}`), ...(name === "snapshot" ? unread(tx) : []),
    ]);
    return key;
  } catch (error) {
    if (error?.name !== "DataCloneError") throw error;
    return null;
  }
}

const unread = (tx) => [
  tx.objectStore("visits").clear(), ...["day", "notices"].map((one) => tx.objectStore("meta").delete(one)),
];

export function isSealed() {
  return NAMES.every((name) => Boolean(keys[name]));
}

// Bytes sealed: {iv, data}, or the bytes themselves where there is no key.
export async function sealBytes(name, bytes) {
  // What comes too late must not lie on the disk in clear because its key is gone.
  if (destroyed.has(name)) throw new Error(`the key ${name} is destroyed`);
  if (!keys[name]) return bytes.slice(0);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, keys[name], bytes) };
}

// Where somebody signed out and in again in another tab, there is a new key.
export async function openBytes(name, sealed) {
  try {
    return await openWith(keys[name], sealed);
  } catch (error) {
    const key = destroyed.has(name) ? null : await kept(name);
    if (!key) throw error;
    const bytes = await openWith(key, sealed);
    keys[name] = key;
    return bytes;
  }
}

// The same with a key that is given.
export async function openWith(key, sealed) {
  if (!sealed.iv) return sealed;
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, key, sealed.data);
}

export async function seal(name, text) {
  return keys[name] || destroyed.has(name) ? sealBytes(name, new TextEncoder().encode(text)) : text;
}

export async function unseal(name, sealed) {
  return typeof sealed === "string" ? sealed : new TextDecoder().decode(await openBytes(name, sealed));
}

// Makes everything sealed with this key unreadable for ever.
export async function destroyKey(name) {
  destroyed.add(name);
  delete keys[name];
  await strictly(["meta"], (tx) => tx.objectStore("meta").delete(`key:${name}`));
}
