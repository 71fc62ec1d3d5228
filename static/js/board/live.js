// Keeps the board as new as the server's: asks about every second whether anything changed (an answer of no bytes while
// nothing did), seldom while nobody looks, and says how old the picture is while the connection is gone.

import { clock, nowOnTheClock } from "./texts.js";

const OFTEN = 800;
const SELDOM = 15_000;
const LONGEST = 10_000;

// Calls `take(data)` whenever there is something new; `now()` asks at once.
export function follow(address, take) {
  let mark = "";
  let timer = 0;
  let failures = 0;
  let asking = false;

  async function ask() {
    clearTimeout(timer);
    if (asking) return;
    asking = true;
    try {
      const headers = mark ? { "If-None-Match": mark } : {};
      const answer = await fetch(address, { headers, redirect: "error", signal: AbortSignal.timeout(LONGEST) });
      if (answer.status === 200) {
        take(await answer.json());
        mark = answer.headers.get("ETag");
      } else if (answer.status === 401 || answer.status === 403) {
        tell("out");
        return;
      } else if (answer.status !== 304) throw new Error(String(answer.status));
      failures = 0;
      tell("here");
    } catch {
      failures += 1;
      if (failures > 1) tell("away");
    } finally {
      asking = false;
    }
    const pause = document.hidden ? SELDOM : Math.min(OFTEN * 2 ** Math.min(failures, 4), LONGEST);
    timer = setTimeout(ask, pause);
  }

  document.addEventListener("visibilitychange", () => !document.hidden && ask());
  addEventListener("online", ask);
  ask();
  return { now: ask };
}

let since = "";

function tell(state) {
  if (state === "here") since = clock(nowOnTheClock());
  const line = document.getElementById("live");
  for (const part of line.querySelectorAll("[data-live]")) part.hidden = part.dataset.live !== state;
  line.querySelector("[data-f=since]").textContent = since;
}
