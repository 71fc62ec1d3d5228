// What lies on the phone's disk is sealed with keys that scripts can use but not read (AES-GCM, non-extractable).
// Owns the two keys: `snapshot` (what the office told us; destroyed on sign-out) and `outbox` (what we did).
// A browser that cannot store keys works unsealed, and says so in every push.

import { meta, store, strictly } from "./store.js";

const NAMES = ["snapshot", "outbox"];
let keys = {};
let destroyed = new Set();

export async function openVault() {
  keys = {};
  destroyed = new Set();
  for (const name of NAMES) keys[name] = (await store().get("meta", `key:${name}`)) ?? (await makeKey(name));
}

async function makeKey(name) {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  try {
    await meta.put(`key:${name}`, key);
    return key;
  } catch (error) {
    if (error?.name !== "DataCloneError") throw error;
    return null;
  }
}

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

export async function openBytes(name, sealed) {
  if (!sealed.iv) return sealed;
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, keys[name], sealed.data);
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
