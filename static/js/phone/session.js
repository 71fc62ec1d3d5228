// Whose phone this is right now. Owns asking the server, opening the right person's storage, and leaving: nobody's facts
// are ever sent, shown or lost because somebody else signs in.

import { call } from "../sync/net.js";
import { push, register, waiting } from "../sync/push.js";
import { currentUser, leaving, meta, openStore, setCurrentUser, setLeaving, store, strictly } from "../sync/store.js";
import { photoCounts, upload } from "../sync/upload.js";
import { destroyKey, openVault } from "../sync/vault.js";

// Who the server says is there: {kind, me}.
export async function ask() {
  const answer = await call("GET", "/m/me.json");
  return { kind: answer.kind, me: answer.json };
}

// Opens this person's storage; `me` is given when the server just told it. Resolves what is known of them.
export async function enter(login, me = null) {
  await openStore(login);
  await openVault();
  await setCurrentUser(login);
  if (me) await meta.put("me", me);
  return me ?? (await store().get("meta", "me")) ?? { login, name: login, zone: "UTC" };
}

// Ends this person's turn on the phone: what the office told goes, what waits stays sealed. Then another page, or the
// other person's start.
export async function leaveTo(address, nextLogin = null) {
  if (await currentUser()) await forget();
  await setCurrentUser(nextLogin);
  if (address) location.replace(address);
  else location.replace(location.pathname);
}

// Names, phones and addresses become unreadable. The sealed outbox stays: what waits, and for 72 hours what was sent.
// With nothing left to send, half-done input and photos go too.
async function forget() {
  await destroyKey("snapshot");
  await strictly(["visits", "meta"], (tx) => [
    tx.objectStore("visits").clear(), ...["day", "notices", "me"].map((key) => tx.objectStore("meta").delete(key)),
  ]);
  if ((await unsent()) > 0) return;
  await strictly(["drafts", "blobs", "blob_chunks"], (tx) =>
    ["drafts", "blobs", "blob_chunks"].map((name) => tx.objectStore(name).clear()));
}

export async function unsent() {
  return (await waiting()).length + (await photoCounts()).waiting;
}

// Sends what waits, once, before leaving; answers how much is still here.
export async function sendAll(app) {
  const device = await register("phone");
  if (device.kind === "ok" && (await push(device.id, app, () => {})).kind === "ok") await upload();
  return unsent();
}

// Forgets the day, then ends the session on the server; without a network the server hears of it at the next start.
export async function signOut(address, signIn) {
  await forget();
  await setCurrentUser(null);
  await setLeaving({ address });
  location.replace((await finishLeaving()) ? signIn : location.pathname);
}

// Tells the server of a sign-out that is still owed; answers whether nothing is owed any more.
export async function finishLeaving() {
  const owed = await leaving();
  if (!owed) return true;
  const { kind, me } = await ask();
  if (kind === "down") return false;
  if (kind === "ok" && !(await posted(owed.address, { csrf_token: me.csrf }))) return false;
  await setLeaving(null);
  return true;
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
