// When to talk to the server, and in which order: who am I, this phone's name, the clock, the outbox, the photos, the day.
// Owns the triggers, the back-off and the state that the screens show. One tab at a time does the talking.

import { report } from "./bus.js";
import { measure } from "./clock.js";
import { fetchDay } from "./day.js";
import { delay, isForItself } from "./decide.js";
import { expire } from "./journal.js";
import { HeldElsewhere } from "./lock.js";
import { call } from "./net.js";
import { push, register, tell, waiting } from "./push.js";
import { prune, resendIfRestored } from "./restored.js";
import { isFull, keepReserve, meta, Retired, store, StorageFull, storeOwner } from "./store.js";
import { inTurn, lives } from "./turn.js";
import { photoCounts, upload } from "./upload.js";

const AFTER_WRITE = 2000;
const IDLE = 60_000;
const CLOCK_AGE = 10 * 60_000;
const state = { phase: "idle", trouble: null, unsent: 0, sending: [], photos: { waiting: 0, done: 0 }, lastAt: null };
let timer;
let attempt = 0;
// By the clock that nobody sets.
let notBefore = 0;
let again = false;
let running = null;
let hooks = { app: "0", deviceName: "phone", otherUser() {}, emptied() {}, known() {}, revoked() {}, welcome() {} };
// What one of a talk's steps could not do (no room on the disk, something too large for the way); the others go on.
let rest = null;

export function syncState() {
  return { ...state };
}

export async function startEngine(given) {
  hooks = { ...hooks, ...given };
  addEventListener("online", () => syncNow());
  addEventListener("offline", () => set({ trouble: "offline" }));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && syncNow());
  addEventListener("pageshow", (event) => event.persisted && syncNow());
  addEventListener("sync:changed", ({ detail }) => {
    count();
    if (detail.elsewhere) lives();
    if (detail.appended) soon();
  });
  // First what waits: "on the server" must not be said before.
  await count();
  set({ lastAt: (await store().get("meta", "contact"))?.at ?? null });
  return syncNow();
}

// Shortly after a write; a server that asked for a pause gets it.
function soon() {
  if (running) again = true;
  else plan(Math.max(AFTER_WRITE, notBefore - performance.now()));
}

// Talks to the server now; resolves when that is over, whatever came of it.
export function syncNow() {
  clearTimeout(timer);
  if (running) {
    again = true;
    return running;
  }
  running = cycle().finally(() => {
    running = null;
    if (again) soon();
    again = false;
  });
  return running;
}

// Whatever goes wrong in a talk, there is another one.
async function cycle() {
  let result = { kind: "elsewhere" };
  try {
    await inTurn(async () => {
      set({ phase: "sending" });
      result = await talk();
    });
    if (result.kind === "ok" || result === rest) await heard();
    await count();
    await expire();
  } catch (error) {
    // Its person left meanwhile.
    if (error instanceof Retired) return;
    if (!isFull(error)) console.error(error);
    result = { kind: isFull(error) ? "full" : error instanceof HeldElsewhere ? error.code : "broken" };
  }
  attempt = result.kind === "ok" || result.kind === "elsewhere" ? 0 : attempt + 1;
  set({ phase: "idle", sending: [], trouble: result.kind === "ok" || result.kind === "elsewhere" ? null : troubleOf(result) });
  const pause = attempt ? delay(attempt, Math.random(), result.retryAfter) : IDLE;
  notBefore = result.kind === "wait" ? performance.now() + pause : 0;
  plan(pause);
}

async function talk() {
  rest = null;
  for (const step of [identify, tellDevice, readClock, sendFacts, sendPhotos, tellState, readDay]) {
    const result = await step();
    if (result.kind !== "ok") return result;
  }
  await prune();
  await keepReserve();
  return rest ?? { kind: "ok" };
}

// A full disk must not keep what lies on it from being sent: that is what makes room again.
async function roomOrNot(step) {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
    rest = { kind: "full" };
    return { kind: "ok" };
  }
}

// Another person signed in on this browser: their session must never carry this person's facts.
async function identify() {
  const answer = await call("GET", "/m/me.json");
  if (answer.kind !== "ok") return answer;
  if (answer.json.login !== storeOwner()) {
    hooks.otherUser(answer.json);
    return { kind: "other_user" };
  }
  if (state.trouble === "offline") set({ trouble: null });
  await meta.hint("me", answer.json);
  await hooks.known(answer.json);
  return answer;
}

let device;
async function tellDevice() {
  const answer = await register(hooks.deviceName);
  device = answer.id;
  if (answer.emptied) hooks.emptied();
  return answer;
}

async function readClock() {
  const kept = await store().get("meta", "clock");
  const age = Date.now() - (kept?.wall ?? 0);
  return kept && age >= 0 && age < CLOCK_AGE ? { kind: "ok" } : measure();
}

const sendFacts = () => roomOrNot(async () => {
  const answer = await push(device, hooks.app, (ids) => set({ sending: ids }));
  if (answer.revoked) await hooks.revoked();
  return goOn(answer);
});

const sendPhotos = () => roomOrNot(async () => goOn(await upload()));

// A phone that waits for ever with one fact still sends its photos and learns of its day.
function goOn(answer) {
  if (!isForItself(answer)) return answer;
  rest = answer;
  return { kind: "ok" };
}

// A courtesy: a server that cannot write just now still has a day to read.
async function tellState() {
  if ((await tell(device, hooks.app)).revoked) await hooks.revoked();
  return { kind: "ok" };
}

// The office took this phone out of use: it forgets the visits, and goes on sending what it still holds.
const readDay = () => roomOrNot(async () => {
  const answer = await fetchDay(device);
  if (await resendIfRestored(answer.headers.get("X-Field-Epoch"))) again = true;
  if (answer.kind === "refused" && answer.json?.code === "device_revoked") {
    await hooks.revoked();
    return { ...answer, kind: "revoked" };
  }
  if (answer.kind === "ok" || answer.status === 304) await hooks.welcome();
  return { ...answer, kind: answer.status === 304 ? "ok" : answer.kind };
});

const troubleOf = ({ kind, status }) => (kind === "down" && (status === 0 || !navigator.onLine) ? "offline" : kind);

async function heard() {
  state.lastAt = Date.now();
  await meta.hint("contact", { ...(await store().get("meta", "contact")), at: state.lastAt });
  await meta.hint("latest", state.lastAt);
}

async function count() {
  set({ unsent: (await waiting()).length, photos: await photoCounts() });
}

function set(change) {
  Object.assign(state, change);
  report({ ...state });
}

function plan(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(syncNow, milliseconds);
}
