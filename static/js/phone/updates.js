// The service worker: registered once, replaced only when the person says so and no visit is open.
// Owns the page's only Trusted Types policy.

import { $, show } from "../lib/dom.js";
import { current, go } from "../lib/router.js";
import { syncNow } from "../sync/engine.js";
import { allSaved } from "../sync/saving.js";

const SCRIPT = "/m/sw.js";
const QUIET = new Set(["today", "outbox", "settings"]);

export async function installUpdates() {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register(trusted(SCRIPT), { scope: "/m/", updateViaCache: "none" })
    .catch((error) => console.warn("no service worker", error));
  if (!registration) return;
  const offer = () => show($("#banner-update"), Boolean(registration.waiting) && QUIET.has(current().name));
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  addEventListener("hashchange", offer);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && registration.update().catch(() => {}));
  // A release that the browser has dropped is fetched again as soon as the server was reached.
  addEventListener("sync:state", ({ detail }) => detail.phase === "idle" && !detail.trouble && registration.active?.postMessage("look"));
  $("#update").addEventListener("click", () => registration.waiting?.postMessage("update"));
  navigator.serviceWorker.addEventListener("message", heard);
  // The first worker takes charge of this very page; any later one brings other files, which do not mix with these.
  let { controller } = navigator.serviceWorker;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // What another window than the one that asked is just saving is saved first.
    if (controller) allSaved().then(() => location.reload());
    ({ controller } = navigator.serviceWorker);
  });
  offer();
}

// The worker was told that the day changed, or the person tapped on that.
function heard({ data }) {
  syncNow();
  if (data === "day" || !QUIET.has(current().name)) return;
  if (data.visit) go("visit", { visit: data.visit });
  else go("today");
}

function trusted(address) {
  if (!globalThis.trustedTypes) return address;
  const policy = trustedTypes.createPolicy("sw", {
    createScriptURL(url) {
      if (url !== SCRIPT) throw new TypeError(`not our service worker: ${url}`);
      return url;
    },
  });
  return policy.createScriptURL(address);
}
