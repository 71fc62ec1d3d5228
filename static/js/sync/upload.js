// Sends photos in pieces that can be resumed after any interruption. Owns the blobs' statuses; a photo leaves the phone's
// list of waiting ones only when the server has checked its hash.

import { changed } from "./bus.js";
import { ROOT, call } from "./net.js";
import { PIECE, piece } from "./photos.js";
import { store, strictly } from "./store.js";

export async function photoCounts() {
  const all = await store().getAll("blobs");
  const waitingOnes = all.filter((blob) => blob.status === "waiting");
  return { waiting: waitingOnes.length, done: all.length - waitingOnes.length };
}

// Uploads every waiting photo, and those the server asks for again. Answers {kind, retryAfter} as push does.
export async function upload(wanted = []) {
  const asked = new Set(wanted.map((one) => one.blob));
  const all = await store().getAll("blobs");
  for (const blob of all.filter((one) => one.status === "waiting" || asked.has(one.blob))) {
    const answer = await uploadOne(blob);
    if (answer.kind !== "ok" && answer.kind !== "answer") return answer;
  }
  return { kind: "ok" };
}

async function uploadOne(blob) {
  const path = `${ROOT}/blobs/${blob.blob}`;
  const head = await call("HEAD", path);
  if (head.kind === "ok") return finish(blob);
  if (head.status !== 404) return head;
  let offset = Number(head.headers.get("Upload-Offset")) || 0;
  for (let tries = 0; offset < blob.bytes && tries < 3;) {
    const answer = await send(path, blob, offset);
    if (answer.kind === "ok") {
      offset = Number(answer.headers.get("Upload-Offset")) || offset + answer.length;
      tries = 0;
    } else if (answer.status === 409) {
      offset = Number(answer.headers.get("Upload-Offset")) || 0;
      tries += 1;
    } else {
      return answer;
    }
  }
  return offset >= blob.bytes ? finish(blob) : { kind: "wait" };
}

// From any offset to the end of the piece it lies in, so that later pieces are whole again.
async function send(path, blob, offset) {
  const index = Math.floor(offset / PIECE);
  const whole = await piece(blob.blob, index);
  const body = whole.slice(offset - index * PIECE);
  const answer = await call("PATCH", path, {
    body,
    headers: {
      "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset), "Upload-Length": String(blob.bytes),
    },
  });
  return { ...answer, length: body.byteLength };
}

async function finish(blob) {
  await strictly(["blobs"], (tx) => tx.objectStore("blobs").put({ ...blob, status: "sent", server_at: Date.now() }));
  changed();
  return { kind: "ok" };
}
