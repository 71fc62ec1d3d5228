// Being told when the day changes, app closed or not: whether this phone is, asking for it, ending it. Owns the browser's
// subscription; it is asked for by the person's tap alone, and ends when they leave.

import { language } from "../lib/words.js";
import { ROOT, call } from "../sync/net.js";
import { device } from "../sync/push.js";
import { meta } from "../sync/store.js";

const FLAG = "told_day";
let renewed = false;

// "on", "off", "denied" (the browser may not ask any more), "none" (it cannot be told).
export async function standing() {
  if (!(await manager())) return "none";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && (await meta.get(FLAG)) ? "on" : "off";
}

// Asks the person's browser, then the server; answers how it stands, "failed" when one of them could not be reached.
export async function begin(key) {
  if ((await Notification.requestPermission()) !== "granted") return standing();
  if (!(await told(key, { anew: true }).catch(failed))) {
    await end();
    return "failed";
  }
  await meta.put(FLAG, true);
  return standing();
}

export async function end() {
  await quiet();
  await call("DELETE", `${ROOT}/subscriptions/${(await device()).id}`, { json: {} });
}

// The browser is told nothing more; the server hears of that by itself: from the push service, or as the session ends.
export async function quiet() {
  await meta.hint(FLAG, false);
  await (await (await manager())?.getSubscription())?.unsubscribe();
}

// Says it again once a start: the browser may have another address by now, the server another key or session.
export async function renew(key) {
  if (renewed || (await standing()) !== "on") return;
  renewed = Boolean(await told(key, { anew: false }).catch(failed));
}

async function told(key, { anew }) {
  const push = await manager();
  let known = await push.getSubscription();
  // Somebody else's who used this browser, or bound to a key that the server has no more.
  if (known && (anew || !isFor(known, key))) {
    await known.unsubscribe();
    known = null;
  }
  known ??= await push.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const { endpoint, keys: { p256dh, auth } } = known.toJSON();
  const asked = { endpoint, p256dh, auth, language: language() };
  return (await call("PUT", `${ROOT}/subscriptions/${(await device()).id}`, { json: asked })).kind === "ok";
}

async function manager() {
  if (!("PushManager" in window && "Notification" in window)) return null;
  return (await navigator.serviceWorker?.getRegistration("/m/"))?.pushManager ?? null;
}

function isFor(known, key) {
  const own = new Uint8Array(known.options.applicationServerKey ?? 0);
  return own.join() === bytes(key).join();
}

const bytes = (key) => Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

function failed(error) {
  console.warn("not told", error);
  return false;
}
