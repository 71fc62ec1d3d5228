// Sentences and symbols that the page brought along in its <template>s, and wall-clock times as it writes them.

const sentences = new Map(
  [...document.getElementById("texts").content.querySelectorAll("[data-key]")].map((line) => [line.dataset.key, line.textContent]),
);

// The sentence for a key with its {places} filled.
export function say(key, facts = {}) {
  return sentences.get(key).replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? String(facts[name]) : whole));
}

// A fresh copy of what <template id="…"> holds.
export function symbol(id) {
  return document.importNode(document.getElementById(id).content, true);
}

// A visit's state and how it stands, as icons with words.
export function symbolsOf(bar) {
  const state = bar.unsigned ? "unsigned" : bar.state;
  // A visit with held facts is one to be decided: once is enough.
  const standings = (bar.standings ?? []).filter((one) => one !== "held" || bar.state !== "disputed");
  return [symbol(`state-${state}`), ...[...standings, ...(bar.pinned ? ["pinned"] : [])].map((one) => symbol(`standing-${one}`))];
}

// Times are texts as the branch's clock shows them, 2026-12-01T09:30: they compare as they are.
export const clock = (wall) => wall.slice(11, 16);

// A time of another day than today says of which.
export const dated = (wall) => (wall.slice(0, 10) === nowOnTheClock().slice(0, 10) ? clock(wall) : `${wall.slice(5, 10)} ${clock(wall)}`);

export function span(start, end) {
  const sameDay = start.slice(0, 10) === end.slice(0, 10);
  return `${clock(start)}–${sameDay ? clock(end) : `${end.slice(5, 10)} ${clock(end)}`}`;
}

// So many minutes later on the same clock. Read as UTC on purpose: a wall clock has no zone of its own.
export function later(wall, minutes) {
  return new Date(Date.parse(`${wall}Z`) + minutes * 60_000).toISOString().slice(0, 16);
}

export const minutesBetween = (start, end) => (Date.parse(`${end}Z`) - Date.parse(`${start}Z`)) / 60_000;

let heard = { wall: "", at: 0 };

// The server said what the branch's clock shows; a browser's own clock may be anything.
export function setClock(wall) {
  heard = { wall, at: performance.now() };
}

export const nowOnTheClock = (minutes = 0) => later(heard.wall, minutes + (performance.now() - heard.at) / 60_000);
