// Whose phone this is right now. Owns asking the server, opening the right person's storage, and leaving: nobody's facts
// are ever sent, shown or lost because somebody else signs in.

import { ROOT, call } from "../sync/net.js";
import { device, push, register, waiting } from "../sync/push.js";
import { allSaved } from "../sync/saving.js";
import {
  currentUser, dropStore, Emptied, leaving, meta, noted, note, openStore, retire, setCurrentUser, setLeaving, store,
  storeOwner, strictly, unlessFull,
} from "../sync/store.js";
import { photoCounts, upload } from "../sync/upload.js";
import { destroyKey, openVault } from "../sync/vault.js";
import { settle } from "../visit/arrival.js";

// So long after its last contact the app opens without one; the server's word (me.json) goes before.
const OFFLINE_HOURS = 72;

// Who the server says is there: {kind, me}.
export async function ask() {
  const answer = await call("GET", "/m/me.json");
  return { kind: answer.kind, me: answer.json };
}

// Opens this person's storage; `me` is given when the server just told it. Resolves what is known of them.
export async function enter(login, me = null) {
  await openStore(login);
  try {
    await openVault();
  } catch (error) {
    if (!(error instanceof Emptied)) throw error;
    // A part of it is gone, and without that part the rest is noise: begun anew, under another name (push.js, register).
    (await retire()).close();
    await dropStore(login);
    await openStore(login);
    await openVault();
  }
  await setCurrentUser(login);
  await undeleted((await device()).id);
  if (me) await Promise.all([meta.hint("me", me), meet()]);
  return me ?? (await store().get("meta", "me")) ?? { login, name: login, zone: "UTC" };
}

// Killed between the word that this was deleted and the deletion: it is all here, and nobody is to hear otherwise.
async function undeleted(id) {
  if ((await noted("deletion"))?.device_id === id) await note("deletion", null);
  if ((await noted("deleted")) === id) await note("deleted", null);
}

// The server spoke to us just now.
export async function meet(now = Date.now()) {
  await meta.hint("contact", { ...(await store().get("meta", "contact")), at: now });
  await meta.hint("latest", now);
}

// Whether the server was last heard of too long ago for opening without it. A clock that was set back gains nothing.
export async function isStale(me, now = Date.now()) {
  const [contact, latest] = await Promise.all([store().get("meta", "contact"), store().get("meta", "latest")]);
  const moment = Math.max(now, latest ?? 0);
  if (moment > (latest ?? 0)) await meta.hint("latest", moment);
  return moment - (contact?.at ?? 0) > (me.offline_hours ?? OFFLINE_HOURS) * 3600_000;
}

// The office took this phone out of use: visits, names and addresses become unreadable, what was recorded stays sealed.
export async function revoke() {
  if (await store().get("meta", "revoked")) return false;
  await hush();
  await meta.put("revoked", Date.now());
  await destroyKey("snapshot");
  await strictly(["visits", "meta"], (tx) => wiped(tx));
  return true;
}

// The office gave it back.
export async function welcome() {
  if (!(await store().get("meta", "revoked"))) return false;
  await strictly(["meta"], (tx) => ["revoked", "day"].map((key) => tx.objectStore("meta").delete(key)));
  return true;
}

const wiped = (tx) => [
  tx.objectStore("visits").clear(), ...["day", "notices", "me"].map((key) => tx.objectStore("meta").delete(key)),
];

// Somebody else's turn: what the office told this person goes; what they did, half done too, stays sealed. Then another
// page, or the other person's start.
export async function leaveTo(address, nextLogin = null) {
  if (await currentUser()) {
    await hush();
    await forget({ all: false });
  }
  await setCurrentUser(nextLogin);
  if (address) location.replace(address);
  else location.replace(location.pathname);
}

// Names, phones and addresses become unreadable. The sealed outbox stays: what waits, and for 72 hours what was sent.
// Whoever signs out with nothing left to send leaves no half-done input and no photo. After this nothing can be written
// any more.
async function forget({ all = true } = {}) {
  await allSaved();
  await unlessFull(settle);
  await destroyKey("snapshot");
  const db = await retire();
  const done = ["drafts", "blobs", "blob_chunks"];
  const tx = db.transaction(["visits", "meta", "outbox", ...done], "readwrite", { durability: "strict" });
  wiped(tx);
  // Looked at where it is cleared: another tab may have kept something since.
  const kept = (await Promise.all(["outbox", "blobs"].map((name) => tx.objectStore(name).getAll()))).flat();
  if (all && !kept.some(({ status }) => status === "waiting")) for (const name of done) tx.objectStore(name).clear();
  await tx.done;
  db.close();
}

// Who leaves is told nothing more on this phone. A push service that cannot be reached keeps nobody from leaving.
async function hush() {
  if (!(await meta.get("told_day"))) return;
  const { quiet } = await import("./telling.js");
  await Promise.race([quiet(), new Promise((done) => setTimeout(done, 3000))]).catch(() => {});
}

// How much is only on this phone. An arrival that waits for its place on the map is written down first.
export async function unsent() {
  await allSaved();
  await unlessFull(settle);
  return (await waiting()).length + (await photoCounts()).waiting;
}

// Sends what waits, once, before leaving; answers how much is still here.
export async function sendAll(app) {
  await unlessFull(async () => {
    const known = await register("phone");
    if (known.kind === "ok" && (await push(known.id, app, () => {})).kind === "ok") await upload();
  });
  return unsent();
}

// Forgets the day, then ends the session on the server; without a network the server hears of it at the next start.
export async function signOut(address, signIn, leave = forget) {
  const login = storeOwner();
  await hush();
  await leave();
  await setCurrentUser(null);
  await setLeaving({ address, login });
  location.replace((await finishLeaving()) ? signIn : location.pathname);
}

// Tells the server of a sign-out that is still owed; answers whether nothing is owed any more.
export async function finishLeaving() {
  const owed = await leaving();
  if (!owed) return true;
  const { kind, me } = await ask();
  if (kind === "down" || (kind === "ok" && !(await confess()))) return false;
  // Somebody else who signed in meanwhile stays so.
  if (kind === "ok" && (owed.login ?? me.login) === me.login && !(await posted(owed.address, { csrf_token: me.csrf }))) return false;
  await setLeaving(null);
  return true;
}

// Tells the server of unsent work that was deleted here, and why; whoever is signed in may carry the word. A word that it
// does not understand stays, and keeps nobody out.
export async function confess() {
  const deletion = await noted("deletion");
  if (!deletion) return true;
  const { kind } = await call("POST", `${ROOT}/deletions`, { json: deletion });
  if (kind === "ok") await note("deletion", null);
  return ["ok", "answer"].includes(kind);
}

// A form post like a page's own; true when the server took it.
export async function posted(address, fields) {
  try {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
    return answer.type === "opaqueredirect" || answer.ok;
  } catch {
    return false;
  }
}
