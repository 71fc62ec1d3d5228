// The photo buttons of a screen. Owns which camera opens: the phone's own, or the one on the page for phones that end the
// app while theirs is open; and noticing that this happened.

import { $, say, show } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { meta } from "../sync/store.js";
import { complain } from "./form.js";
import { sentence } from "./record.js";

// Differs after every load of the page.
const life = Math.random();
let isOpen = false;
let isShooting = false;
// One photo after the other: one that is taken while another is being saved waits for it.
let turn = Promise.resolve();
let waiting = 0;

/** Wires every [data-slot] input under `root`, and the box that says which camera; `take(slot, file)` keeps a photo. */
export async function shots(root, take) {
  const box = $("[data-inside]", root);
  // Where a page gets no camera, the phone's own is the only one.
  const has = Boolean(navigator.mediaDevices?.getUserMedia);
  show(box.closest("label"), has);
  if (await wasEnded() && has) {
    await meta.hint("camera_inside", true);
    say(t("visit.camera.ended"));
  }
  box.checked = has && Boolean(await meta.get("camera_inside"));
  box.addEventListener("change", () => meta.hint("camera_inside", box.checked));
  for (const input of root.querySelectorAll("[data-slot]")) {
    input.addEventListener("click", (event) => open(event, input, box.checked, take));
    input.addEventListener("change", () => taken(input, take));
    input.addEventListener("cancel", () => {
      isOpen = false;
      closed();
    });
  }
}

// Whether the app came to its end while the phone's camera was open. Asked once.
async function wasEnded() {
  const opened = await meta.get("camera_open");
  if (!opened || opened === life) return false;
  await meta.hint("camera_open", null);
  return true;
}

function open(event, input, isInside, take) {
  if (!isInside) {
    isOpen = true;
    meta.hint("camera_open", life);
    return;
  }
  event.preventDefault();
  if (isShooting) return;
  isShooting = true;
  guarded(input, async () => {
    const { shoot } = await import("./camera.js");
    const file = await shoot().finally(() => { isShooting = false; });
    if (file) await saved(input, take, file);
  });
}

// What ends the app while the photo is being saved loses it as well: the next start has to say so.
async function taken(input, take) {
  const [file] = input.files;
  input.value = "";
  isOpen = false;
  if (file) {
    meta.hint("camera_open", life);
    await guarded(input, () => saved(input, take, file));
  }
  closed();
}

function closed() {
  if (!isOpen && !waiting) meta.hint("camera_open", null);
}

async function saved(input, take, file) {
  const mine = turn.catch(() => {}).then(async () => {
    say(t("visit.photo.saving"));
    await take(input.dataset.slot, file);
    say(t("visit.saved"));
  });
  turn = mine;
  waiting += 1;
  try {
    await mine;
  } finally {
    waiting -= 1;
    if (turn === mine) turn = Promise.resolve();
  }
}

/** Resolves when every photo that was taken is saved; raises what keeps one from it. */
export const photosSaved = () => turn;

async function guarded(input, run) {
  const { dataset } = input.closest("label");
  dataset.busy = Number(dataset.busy ?? 0) + 1;
  try {
    complain("");
    await run();
  } catch (error) {
    complain(sentence(error));
  } finally {
    dataset.busy -= 1;
    if (dataset.busy === "0") delete dataset.busy;
  }
}
