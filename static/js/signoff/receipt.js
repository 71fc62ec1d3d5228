// The QR code of the read-only receipt. The server makes its address, so it is there once the visit is; until then a
// sentence says so. Owns asking and showing.

import { $, clone, field, show } from "../lib/dom.js";

/** The block for one visit: {element, stop}; it asks again whenever the phone has spoken to the server. */
export function receipt(visitId) {
  const element = clone("receipt");
  let asking = false;
  const ask = async () => {
    if (asking || !navigator.onLine) return;
    asking = true;
    const svg = await get(visitId);
    asking = false;
    if (!svg) return;
    removeEventListener("sync:changed", ask);
    $("img", element).src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    show(field(element, "ready"));
    show(field(element, "waiting"), false);
  };
  addEventListener("sync:changed", ask);
  ask();
  return { element, stop: () => removeEventListener("sync:changed", ask) };
}

// No network, a foreign page, or a visit that the server does not know as completed yet: all the same, it comes later.
async function get(visitId) {
  try {
    const answer = await fetch(`/m/receipt/${encodeURIComponent(visitId)}.json`, { cache: "no-store", redirect: "error" });
    return answer.ok && /json/.test(answer.headers.get("Content-Type") ?? "") ? (await answer.json()).svg ?? null : null;
  } catch {
    return null;
  }
}
