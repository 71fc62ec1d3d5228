// Leaving with something unsent: stay, lock it here, save it as a sealed file, or delete it and say why. Owns the dialog.

import { $, put, show } from "../lib/dom.js";
import { uuid7 } from "../lib/ids.js";
import { t } from "../lib/words.js";
import { tapped } from "../sync/chain.js";
import { waiting } from "../sync/push.js";
import { dropStore, meta, note, retire, store, storeOwner } from "../sync/store.js";
import { photoCounts } from "../sync/upload.js";
import { signOut } from "./session.js";

const page = document.documentElement.dataset;

// Opens the dialog in `root` for `left` unsent things.
export async function open(root, left) {
  const dialog = $("dialog", root);
  put(dialog, "unsent", t(left === 1 ? "settings.unsent_one" : "settings.unsent", { count: left }));
  const key = await meta.get("rescue");
  show($("[data-rescue]", dialog), Boolean(key));
  $("[data-stay]", dialog).onclick = () => dialog.close();
  $("[data-lock]", dialog).onclick = () => signOut(page.signOut, page.signIn);
  $("[data-rescue]", dialog).onclick = () => save(dialog, storeOwner(), key);
  const form = $("form", dialog);
  form.onsubmit = (event) => {
    event.preventDefault();
    remove(dialog, form.reason.value.trim());
  };
  show(dialog);
  dialog.showModal();
}

// The sealed file of one person goes to the phone's downloads; what it holds stays here too, until the server has it.
export async function save(place, login, key) {
  put(place, "rescued", t("rescue.saving"));
  try {
    const { rescueFile } = await import("../sync/rescue.js");
    const file = await rescueFile(login, key, tapped());
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file.blob);
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    put(place, "rescued", t("rescue.saved", { name: file.name, facts: file.facts, photos: file.photos }));
  } catch (error) {
    console.error(error);
    put(place, "rescued", t("rescue.failed"));
  }
}

// What was not sent is deleted for good; the server hears of it, with the reason, at the next contact of this phone.
async function remove(dialog, reason) {
  put(dialog, "wrong", reason.length < 4 ? t("settings.reason_missing") : "");
  if (reason.length < 4) return;
  const [facts, photos, device] = await Promise.all([waiting(), photoCounts(), store().get("meta", "device")]);
  await note("deletion", {
    id: uuid7(), device_id: device.id, login: storeOwner(), reason: reason.slice(0, 500), events: facts.length,
    photos: photos.waiting, wall: Date.now(),
  });
  await note("deleted", device.id);
  await signOut(page.signOut, page.signIn, async () => {
    const login = storeOwner();
    (await retire()).close();
    await dropStore(login);
  });
}
