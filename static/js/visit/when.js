// Local dates and times as people type them, in the branch's zone whatever the phone is set to. Owns the way in;
// the way out is lib/time.js.

import { clockTime, dateOf } from "../lib/time.js";

/** "2026-12-01" and "14:30" in the branch's zone as epoch milliseconds; null when that time does not exist there,
 * or lies in another century: such a fact the server would put aside. */
export function moment(date, time) {
  if (!/^20\d\d-/.test(date)) return null;
  const wall = Date.parse(`${date}T${time}:00Z`);
  if (Number.isNaN(wall)) return null;
  let guess = wall;
  for (let round = 0; round < 2; round += 1) guess += wall - wallOf(guess);
  return wallOf(guess) === wall ? guess : null;
}

const wallOf = (ms) => Date.parse(`${dateOf(ms)}T${clockTime(ms)}:00Z`);

/** Epoch milliseconds as the events write moments. */
export const iso = (ms) => new Date(ms).toISOString();
