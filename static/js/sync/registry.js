// What this browser has to remember whoever uses it: whose turn it is, what the server has not heard yet. Owns a tiny
// database of its own.

import { openDB } from "../../vendor/idb/idb.js";

const CLOSED = new Set(["InvalidStateError", "UnknownError"]);
let opened = null;

async function kv() {
  opened ??= await openDB("fieldapp", 1, {
    upgrade: (db) => db.createObjectStore("kv"),
    blocking: (current, wanted, event) => {
      event.target.close();
      opened = null;
    },
    terminated: () => { opened = null; },
  });
  return opened;
}

// Once more where the browser closed the connection without a word, as WebKit does in the background.
async function using(work) {
  try {
    return await work(await kv());
  } catch (error) {
    if (!CLOSED.has(error?.name)) throw error;
    opened = null;
    return work(await kv());
  }
}

export const noted = async (key) => (await using((db) => db.get("kv", key))) ?? null;

export const note = (key, value) => using((db) => db.put("kv", value, key));

// The login whose data this browser shows, or null before the first sign-in and after a sign-out.
export const currentUser = () => noted("current");

export async function setCurrentUser(login) {
  if ((await currentUser()) !== login) await note("current", login);
}

// A sign-out that the server has not heard of yet; without it, the next start would open the same person's day again.
export const leaving = () => noted("leaving");
export const setLeaving = (value) => note("leaving", value);
