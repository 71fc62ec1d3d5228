// Entry of the technician's app. Owns only the order of starting: whose storage, which words, which screen; then the
// engine and the service worker, which nobody waits for.

import { $ } from "./lib/dom.js";
import { current, go, hashOf, refresh, route, startRouter } from "./lib/router.js";
import { setPlace } from "./lib/time.js";
import { LANGUAGES, nearest, setLanguage, t } from "./lib/words.js";
import { view as closedView } from "./phone/closed.js";
import { startChrome } from "./phone/chrome.js";
import { startLeavingLinks } from "./phone/leaving-links.js";
import { ask, confess, enter, finishLeaving, isStale, leaveTo, revoke, welcome } from "./phone/session.js";
import { installUpdates } from "./phone/updates.js";
import { today } from "./phone/today.js";
import { startEngine } from "./sync/engine.js";
import { drafts } from "./sync/journal.js";
import { HeldElsewhere } from "./sync/lock.js";
import { allSaved } from "./sync/saving.js";
import { currentUser, isFull, keepReserve, meta, store, unlessFull } from "./sync/store.js";
import { resume as resumeArrival } from "./visit/arrival.js";
import "./visit/routes.js";

const RESUME_WITHIN = 12 * 3600_000;
const RESTING = new Set(["today", "outbox", "settings"]);
const settings = document.documentElement.dataset;

route("today", today);
route("outbox", () => import("./phone/outbox.js"));
route("settings", () => import("./phone/settings.js"));
route("closed", closedView);

async function start() {
  const login = await currentUser();
  if (!login) return firstStart();
  const me = await enter(login);
  await speak(me);
  return (await isStale(me)) ? askFirst(login) : open();
}

// Too long without the server: it has to say first that this is still the same person. Nothing is lost meanwhile.
async function askFirst(login) {
  const { kind, me } = await ask();
  if (kind !== "ok") return closed(kind === "signin" ? "signin" : "stale");
  if (me.login !== login) return leaveTo(null, me.login);
  await speak(await enter(login, me));
  return open();
}

// Nobody has used this browser yet, or the last one signed out: the server says who is there.
async function firstStart() {
  await setLanguage(nearest(navigator.languages));
  if (!(await finishLeaving())) return closed("offline");
  const { kind, me } = await ask();
  if (kind === "signin") return leaveTo(settings.signIn);
  if (kind !== "ok") return closed(kind === "refused" ? "refused" : "offline");
  await speak(await enter(me.login, me));
  return open();
}

async function speak(me) {
  setPlace(me);
  const chosen = (await store().get("meta", "language")) ?? me.locale;
  await setLanguage(LANGUAGES.includes(chosen) ? chosen : nearest(navigator.languages));
}

// Whatever is wrong with a screen, what waits is sent.
async function open() {
  startChrome();
  startLeavingLinks();
  await screens().catch(failed);
  installUpdates();
  document.addEventListener("visibilitychange", lookAgain);
  navigator.storage?.persist?.();
  keepReserve();
  return startEngine({
    app: settings.app,
    deviceName: navigator.userAgentData?.platform || navigator.platform || "phone",
    otherUser: (me) => leaveTo(null, me.login),
    emptied: () => go("today"),
    known: async (me) => {
      setPlace(me);
      if (me.rescue) await meta.hint("rescue", me.rescue);
      if (me.push) await meta.hint("push_key", me.push);
      if (await meta.get("told_day")) await (await import("./phone/telling.js")).renew(me.push);
      await confess();
    },
    revoked: async () => (await revoke()) && go("closed", { why: "revoked" }, { replace: true }),
    welcome: async () => (await welcome()) && startOver(),
  });
}

async function screens() {
  const outOfUse = await store().get("meta", "revoked");
  if (outOfUse) address("closed", { why: "revoked" });
  await resume();
  await resumeArrival();
  await startRouter({
    root: $("#view"), home: outOfUse ? "closed" : "today", failed,
    remember: (place) => unlessFull(() => drafts.put("route", { ...place, at: Date.now() })),
  });
}

const startOver = () => location.replace(location.pathname);

// A page that was left open is held to the same hours as one that is opened.
async function lookAgain() {
  if (document.visibilityState !== "visible" || !RESTING.has(current().name)) return;
  if (await isStale((await meta.get("me")) ?? {})) allSaved().then(() => location.reload());
}

// A killed app opens where the person was, unless the address says otherwise or that was yesterday.
async function resume() {
  if (location.hash) return;
  const place = await drafts.get("route");
  if (place && place.name !== "closed" && Date.now() - place.at < RESUME_WITHIN) address(place.name, place.params);
}

const address = (name, params) => history.replaceState(null, "", hashOf(name, params));

function closed(why) {
  address("closed", { why });
  startRouter({ root: $("#view"), home: "closed", failed });
}

async function failed(error) {
  console.error(error);
  // It may have happened before there was a word to say.
  if (t("app.title") === "app.title") await setLanguage(nearest(navigator.languages)).catch(() => {});
  closed(isFull(error) ? "full" : error instanceof HeldElsewhere ? "held_elsewhere" : "broken");
}

addEventListener("language", () => refresh());
addEventListener("storage:emptied", startOver);
start().catch(failed);
