// Could not get in: nobody home, refused, unsafe, not ready. Owns the guided form: call, wait, photo of the door, a
// message; what it is worth is the norm's to say.

import { $, field, put, show } from "../lib/dom.js";
import { clockTime } from "../lib/time.js";
import { t } from "../lib/words.js";
import { believableNow } from "../sync/clock.js";
import { addPhoto } from "../sync/journal.js";
import { linksOf } from "./contact.js";
import { read, Unfinished } from "./form.js";
import { know, record } from "./record.js";
import { photosSaved, shots } from "./shots.js";
import { sideView } from "./side.js";

const WAIT_MINUTES = 15;
// Who says it later than so many minutes after the arrival did not wait so long, and knows alone how long.
const LONGEST_WAIT = 240;
// What the server takes.
const MOST = { call_attempts: 1000, waited_minutes: 100_000 };

/** Minutes since the arrival, as a first value for the field. */
export const waitedSince = (arrivedAt, now) => Math.max(0, Math.floor((now - arrivedAt) / 60_000));

export const view = sideView("nobody", async (element, { visit, facts }, id) => {
  const since = facts.arrived?.at ?? (await believableNow());
  put(element, "wait", t("visit.nobody.wait", { minutes: WAIT_MINUTES, time: clockTime(since + WAIT_MINUTES * 60_000) }));
  const links = await linksOf(visit, "message.missed", { time: clockTime(since) });
  show(field(element, "tell"), links !== null);
  if (links) {
    $("[data-call]", element).href = links.call;
    $("[data-message]", element).href = links.message;
  }
  await photo(element, facts, id);
  return {
    ready: () => atLeast(element, facts),
    act: async (together) => {
      await photosSaved();
      const known = await know(id);
      await atLeast(element, known.facts);
      const values = read(element);
      if (!values.reason) throw new Unfinished("reason_missing", $("[name=reason]", element));
      const door = known.facts.photos.findLast((one) => one.slot === "door");
      await record(id, "access.failed", {
        reason: values.reason, call_attempts: count(element, "call_attempts"), waited_minutes: count(element, "waited_minutes"),
        photo: door?.blob ?? null,
      }, together);
    },
  };
});

// What the phone knows better than a draft of some minutes ago, or than a screen that is open for as long. What somebody
// typed that is no number is left to be complained of.
async function atLeast(element, { arrived, calls }) {
  const known = { call_attempts: calls.length };
  const waited = arrived ? waitedSince(arrived.at, await believableNow()) : 0;
  if (waited <= LONGEST_WAIT) known.waited_minutes = waited;
  for (const [name, least] of Object.entries(known)) {
    const input = $(`[name=${name}]`, element);
    if (input.value.trim() === "" || Number(input.value) < least) input.value = String(least);
  }
}

function count(element, name) {
  const input = $(`[name=${name}]`, element);
  const number = Number(input.value);
  if (input.value.trim() === "" || !Number.isInteger(number) || number < 0 || number > MOST[name]) throw new Unfinished("count_wrong", input);
  return number;
}

function photo(element, facts, id) {
  put(element, "photo", facts.photos.some((one) => one.slot === "door") ? t("visit.nobody.photo_there") : "");
  return shots(element, async (slot, file) => {
    await addPhoto(id, slot, file);
    put(element, "photo", t("visit.nobody.photo_there"));
  });
}
