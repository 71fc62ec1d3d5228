// The photo buttons of a screen. Owns which camera opens: the phone's own, or the one on the page for phones that end the
// app while theirs is open; and noticing that this happened.

import { $, say, show } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { meta } from "../sync/store.js";
import { complain } from "./form.js";
import { sentence } from "./record.js";

// Differs after every load of the page.
const life = Math.random();

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
    input.addEventListener("cancel", () => meta.hint("camera_open", null));
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
    meta.hint("camera_open", life);
    return;
  }
  event.preventDefault();
  guarded(input, async () => {
    const { shoot } = await import("./camera.js");
    const file = await shoot();
    if (file) await saved(input, take, file);
  });
}

function taken(input, take) {
  const [file] = input.files;
  input.value = "";
  meta.hint("camera_open", null);
  if (file) guarded(input, () => saved(input, take, file));
}

async function saved(input, take, file) {
  say(t("visit.photo.saving"));
  await take(input.dataset.slot, file);
  say(t("visit.saved"));
}

async function guarded(input, run) {
  const label = input.closest("label");
  if (label.dataset.busy) return;
  label.dataset.busy = "1";
  try {
    complain("");
    await run();
  } catch (error) {
    complain(sentence(error));
  } finally {
    delete label.dataset.busy;
  }
}
