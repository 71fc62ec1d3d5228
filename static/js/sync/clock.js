// How far this phone's clock is off, measured against the server. Owns the kept sample {off, rtt, wall}:
// the server's time is the phone's wall clock plus `off` milliseconds.

import { ROOT, call } from "./net.js";
import { meta, store } from "./store.js";

const OLD = 30 * 60_000;

// From four stamps as in NTP: sent and got by us, received and answered by the server.
export function sampleOf({ sent, received, answered, got }) {
  return {
    off: Math.round((received - sent + answered - got) / 2),
    rtt: Math.max(0, Math.round(got - sent - (answered - received))),
    wall: got,
  };
}

// The better of two: the shorter way, unless the kept one is old or the clock was set since.
export function better(kept, fresh) {
  if (!kept || fresh.wall - kept.wall > OLD || fresh.wall < kept.wall) return fresh;
  if (Math.abs(fresh.off - kept.off) > fresh.rtt + kept.rtt + 1000) return fresh;
  return fresh.rtt <= kept.rtt ? fresh : kept;
}

export async function measure() {
  const sent = Date.now();
  const start = performance.now();
  const answer = await call("GET", `${ROOT}/time`);
  const got = sent + (performance.now() - start);
  if (answer.kind !== "ok") return answer;
  const [received, answered] = stamps(answer.json);
  await meta.hint("clock", better(await store().get("meta", "clock"), sampleOf({ sent, received, answered, got: Math.round(got) })));
  return answer;
}

// What the server's clock says now, or said when this phone's said `wall`, as far as this phone knows.
export const serverNow = async (wall = Date.now()) => wall + ((await store().get("meta", "clock"))?.off ?? 0);

// The same; null where it was measured longer ago than `most` milliseconds, or later: this phone's clock was set since.
export async function serverNowFor(most) {
  const [sample, wall] = [await store().get("meta", "clock"), Date.now()];
  return sample && wall >= sample.wall && wall - sample.wall < most ? wall + sample.off : null;
}

// What a person means by now, for whatever is compared with when a fact happened: as `serverNow`, but never before what the
// server said last. A phone whose battery was empty begins in 1970, which nobody would believe.
export async function believableNow() {
  const sample = await store().get("meta", "clock");
  return sample ? Math.max(Date.now(), sample.wall) + sample.off : Date.now();
}

function stamps(json) {
  return [json.received, json.answered];
}
