// What stands around every screen: the sync chip, the way home, banners. Owns showing the engine's state in words.

import { $, field, icon, say, show } from "../lib/dom.js";
import { current } from "../lib/router.js";
import { clockTime } from "../lib/time.js";
import { t } from "../lib/words.js";
import { summary } from "../sync/decide.js";
import { syncNow, syncState } from "../sync/engine.js";

// Troubles that a person can do something about get a banner; being offline is normal and gets none.
const BANNERS = { signin: "banner-signin", upgrade: "banner-upgrade", refused: "banner-refused" };

export function startChrome() {
  addEventListener("sync:state", draw);
  addEventListener("language", draw);
  addEventListener("hashchange", place);
  document.addEventListener("click", stay);
  for (const button of document.querySelectorAll("[data-sync-now]")) button.addEventListener("click", () => syncNow());
  place();
  draw();
  show($("#top"));
}

function place() {
  const { name } = current();
  show($("#home"), name !== "today");
  show($("#brand"), name === "today");
  for (const link of document.querySelectorAll("#top a[href^='#']")) {
    if (link.getAttribute("href") === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// What lies outside the app has no copy on the phone: without a network the browser would show a page of its own, and an
// installed app has no way back from it.
function stay(event) {
  const link = event.target.closest("a[href]");
  if (!link || navigator.onLine || link.origin !== location.origin || link.pathname.startsWith("/m/")) return;
  event.preventDefault();
  say(t("needs_network"));
}

function draw() {
  const state = syncState();
  const chip = $("#sync");
  const { key, params, tone, icon: name } = summary({
    ...state, sending: state.sending.length, lastAt: state.lastAt && clockTime(state.lastAt),
  });
  chip.dataset.tone = tone;
  icon(chip, name);
  field(chip, "sync").textContent = t(key, params);
  for (const [trouble, id] of Object.entries(BANNERS)) show(document.getElementById(id), state.trouble === trouble);
}
