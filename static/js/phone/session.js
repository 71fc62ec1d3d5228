// Whose phone this is right now. Owns asking the server, opening the right person's storage, and leaving: nobody's facts
// are ever sent, shown or lost because somebody else signs in.

import { call } from "../sync/net.js";
import { push, register, waiting } from "../sync/push.js";
import { currentUser, meta, openStore, setCurrentUser, store, strictly } from "../sync/store.js";
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

// Names, phones and addresses become unreadable; with nothing left to send, the drafts too.
async function forget() {
  await destroyKey("snapshot");
  await strictly(["visits", "meta"], (tx) => [
    tx.objectStore("visits").clear(), tx.objectStore("meta").delete("day"), tx.objectStore("meta").delete("notices"),
    tx.objectStore("meta").delete("me"),
  ]);
  if ((await unsent()) > 0) return;
  await destroyKey("outbox");
  await strictly(["drafts", "outbox", "blobs", "blob_chunks"], (tx) =>
    ["drafts", "outbox", "blobs", "blob_chunks"].map((name) => tx.objectStore(name).clear()));
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

// Ends the session on the server and forgets the day; a form post, because it is a page's sign-out like any other.
export async function signOut(address, token) {
  await forget();
  await setCurrentUser(null);
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "csrf_token", value: token });
  form.append(field);
  document.body.append(form);
  form.submit();
}
