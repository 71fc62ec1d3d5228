// Sends photos in pieces that can be resumed after any interruption. Owns the blobs' statuses; a photo leaves the phone's
// list of waiting ones only when the server has checked its hash.

import { changed } from "./bus.js";
import { serverNow } from "./clock.js";
import { attempt } from "./database.js";
import { isForItself } from "./decide.js";
import { ROOT, call } from "./net.js";
import { isWhole, PIECE, piece } from "./photos.js";
import { isFull, release, store, strictly, unlessFull } from "./store.js";

// Something on the way may take less than the server.
const LEAST = 16 * 1024;

export async function photoCounts() {
  const all = await store().getAll("blobs");
  const count = (status) => all.filter((blob) => blob.status === status).length;
  return { waiting: count("waiting"), done: count("sent"), damaged: count("damaged") };
}

// Uploads every waiting photo. Answers {kind, retryAfter} as push does; one that was refused for itself holds up no
// other, and is answered when all of them were tried.
export async function upload() {
  let result = { kind: "ok" };
  for (const blob of (await store().getAll("blobs")).filter((one) => one.status === "waiting")) {
    const answer = await uploadOne(blob).catch(unread);
    if (answer.kind === "ok") continue;
    if (!isForItself(answer)) return answer;
    result = answer;
  }
  return result;
}

// A photo that the disk does not give just now holds up no other, nor the day.
function unread(error) {
  if (error?.name !== "UnknownError") throw error;
  return { kind: "down", status: 500 };
}

async function uploadOne(blob) {
  const head = await ask("HEAD", blob);
  if (head.kind === "ok") return finish(blob);
  if (head.status !== 404) return head;
  let offset = Number(head.headers.get("Upload-Offset")) || 0;
  let most = PIECE;
  // Whole is what the server has checked: it may have every byte, and have died before it looked.
  for (let tries = 0; tries < 3;) {
    const answer = await send(blob, offset, most);
    if (!answer || (answer.status === 422 && !(await isWhole(blob)))) return damaged(blob);
    if (answer.kind === "ok") {
      offset = Number(answer.headers.get("Upload-Offset")) || offset + answer.length;
      if (offset >= blob.bytes) return finish(blob);
      tries = 0;
    } else if (answer.status === 409) {
      offset = Number(answer.headers.get("Upload-Offset")) || 0;
      tries += 1;
    } else if (answer.status === 413 && most > LEAST) {
      most /= 2;
    } else {
      return answer;
    }
  }
  return { kind: "wait" };
}

// From any offset to the end of the piece it lies in, so that later pieces are whole again, but no more than `most`, and
// nothing after the last; null where it is lost.
async function send(blob, offset, most) {
  const index = Math.floor(offset / PIECE);
  const whole = offset < blob.bytes ? await piece(blob.blob, index) : new ArrayBuffer(0);
  const body = whole?.slice(offset - index * PIECE).slice(0, most);
  if (!body || (!body.byteLength && offset < blob.bytes)) return null;
  const answer = await ask("PATCH", blob, {
    body,
    headers: {
      "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset), "Upload-Length": String(blob.bytes),
    },
  });
  return { ...answer, length: body.byteLength };
}

// An answer about another photo, mixed up on the way, is none. Proxies may weaken the tag; the name in it stays.
async function ask(method, { blob }, content) {
  const answer = await call(method, `${ROOT}/blobs/${blob}`, content);
  const about = answer.headers.get("ETag");
  return about === null || about.includes(blob) ? answer : { ...answer, kind: "down", status: 0 };
}

/** Whether the server has a photo that it once took; one that it lost goes again. Null where nobody of ours said so. */
export async function isThere(blob) {
  const { kind, status } = await ask("HEAD", blob);
  if (kind === "ok") return true;
  if (kind !== "answer" || status !== 404) return null;
  try {
    // Not `strictly`: on a full disk that gives up photos which the server has, as this one is still called.
    await attempt(["blobs"], (tx) => tx.objectStore("blobs").put({ ...blob, status: "waiting" }));
  } catch (error) {
    if (!isFull(error)) throw error;
    return false;
  }
  changed();
  return false;
}

async function finish(blob) {
  const record = { ...blob, status: "sent", server_at: await serverNow() };
  const put = () => strictly(["blobs"], (tx) => tx.objectStore("blobs").put(record));
  if (!(await unlessFull(put))) {
    // The server has it: its bytes make room here, and the next talk says so.
    await release(blob.blob);
    await unlessFull(put);
  }
  changed();
  return { kind: "ok" };
}

// Its bytes are lost or changed here: nobody can send it. It holds up no other photo, and the person is told.
async function damaged(blob) {
  if (blob.status === "waiting") {
    await strictly(["blobs"], (tx) => tx.objectStore("blobs").put({ ...blob, status: "damaged" }));
    changed();
  }
  return { kind: "ok" };
}
