// Photos: shrunk, hashed, cut into pieces and written together with their fact. Owns blobs and blob_chunks on the phone;
// upload.js sends them.

import { sha256 } from "../lib/ids.js";
import { append } from "./chain.js";
import { unlessLost } from "./healing.js";
import { saving } from "./saving.js";
import { StorageFull, store } from "./store.js";
import { openBytes, sealBytes } from "./vault.js";

export const PIECE = 256 * 1024;
const SIDE = 1600;
const TIGHT_SIDE = 1024;
const TIGHT = 24 * 1024 * 1024;
// The server takes no larger photo.
const MOST = 12 * 1024 * 1024;
// How the kinds of photo begin that phones make: JPEG, PNG, WebP, and HEIC or AVIF, which many browsers cannot decode.
const KINDS = [/^\xff\xd8\xff/, /^\x89PNG\r\n\x1a\n/, /^RIFF[^]{4}WEBP/, /^[^]{4}ftyp(?:heic|heix|hevc|mif1|msf1|avif)/];

export class NotAPhoto extends Error {
  constructor() {
    super("not_a_photo");
    this.name = "NotAPhoto";
    this.code = "not_a_photo";
  }
}

// The size that fits into a square of `side`, never larger than it is.
export function fit(width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  return { w: Math.max(1, Math.round(width * scale)), h: Math.max(1, Math.round(height * scale)) };
}

// Keeps one photo and its `photo.added`; resolves {id, seq, blob, bytes, w, h} once both are on the disk.
// Raises NotAPhoto, or StorageFull("photo_storage_full") when even a small picture finds no room.
export const addPhoto = (visitId, slot, file) => saving(() => add(visitId, slot, file));

async function add(visitId, slot, file) {
  const tight = await isTight();
  const sizes = tight ? [[TIGHT_SIDE, 0.6]] : [[SIDE, 0.82], [TIGHT_SIDE, 0.6]];
  for (const [side, quality] of sizes) {
    try {
      return await keep(visitId, slot, await shrink(file, side, quality));
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error;
    }
  }
  throw new StorageFull("photo_storage_full");
}

async function isTight() {
  const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
  return quota !== undefined && quota - usage < TIGHT;
}

async function shrink(file, side, quality) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return original(file);
  }
  const { w, h } = fit(bitmap.width, bitmap.height, side);
  const canvas = document.createElement("canvas");
  canvas.width = w;
  canvas.height = h;
  canvas.getContext("2d").drawImage(bitmap, 0, 0, w, h);
  bitmap.close();
  const jpeg = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  if (!jpeg) throw new NotAPhoto();
  return { bytes: await jpeg.arrayBuffer(), w, h };
}

// A photo that this browser cannot decode is evidence all the same: kept as it is, its size unknown.
async function original(file) {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  if (file.size > MOST || !KINDS.some((kind) => kind.test(start))) throw new NotAPhoto();
  return { bytes: await file.arrayBuffer(), w: 0, h: 0 };
}

async function keep(visitId, slot, { bytes, w, h }) {
  const blob = await sha256(bytes);
  const pieces = [];
  for (let at = 0; at < bytes.byteLength; at += PIECE) {
    pieces.push({ blob, index: pieces.length, data: await sealBytes("outbox", bytes.slice(at, at + PIECE)) });
  }
  const record = { blob, visit: visitId, slot, bytes: bytes.byteLength, w, h, status: "waiting", sent: 0, at: Date.now() };
  const data = { slot, blob, bytes: bytes.byteLength, w, h };
  const written = await append(visitId, "photo.added", data, {
    stores: ["blobs", "blob_chunks"],
    also: (tx) => [
      tx.objectStore("blobs").put(record),
      ...pieces.map((piece) => tx.objectStore("blob_chunks").put(piece)),
    ],
  });
  return { ...written, ...data };
}

// One piece as it goes over the wire; null where it is lost.
export async function piece(blob, index) {
  const record = await unlessLost(store().get("blob_chunks", [blob, index]));
  return record ? openBytes("outbox", record.data).catch(() => null) : null;
}

// Whether the bytes that are kept are those that the photo is named by.
export async function isWhole({ blob, bytes }) {
  const pieces = await Promise.all(Array.from({ length: Math.ceil(bytes / PIECE) }, (_, index) => piece(blob, index)));
  return pieces.every(Boolean) && (await sha256(await new Blob(pieces).arrayBuffer())) === blob;
}

// A URL for an <img> (revoke it when done), or null when the phone no longer holds the photo whole.
export async function photoUrl(blob) {
  const records = await store().getAll("blob_chunks", IDBKeyRange.bound([blob, 0], [blob, Infinity])).catch(() => []);
  if (!records.length) return null;
  const parts = await Promise.all(records.map((record) => openBytes("outbox", record.data).catch(() => null)));
  return parts.every(Boolean) ? URL.createObjectURL(new Blob(parts, { type: "image/jpeg" })) : null;
}
