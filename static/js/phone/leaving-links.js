// Links of ours that lead out of the app, to the scores and the privacy page. Owns that they wait for what is just being saved:
// with this page, a photo that is being made small would be gone.

import { say } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { allSaved, isSaving } from "../sync/saving.js";

export const startLeavingLinks = () => addEventListener("click", wait);

async function wait(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || !isSaving() || !leaves(link)) return;
  event.preventDefault();
  say(t("visit.photo.saving"));
  await allSaved();
  if (navigator.onLine) location.assign(link.href);
}

const leaves = ({ origin, pathname }) => origin === location.origin && !pathname.startsWith("/m/");
