// A phone that the office took out of use: what it still holds is sent, or saved as a sealed file. Owns that part of the
// closed screen.

import { $, put, show } from "../lib/dom.js";
import { t } from "../lib/words.js";
import { syncNow, syncState } from "../sync/engine.js";
import { meta, storeOwner } from "../sync/store.js";
import { save } from "./leaving.js";

// Shows it in `root`; answers how to stop.
export function start(root) {
  const draw = async () => {
    const { unsent, photos } = syncState();
    const left = unsent + photos.waiting;
    put(root, "left", t(left ? "closed.revoked_left" : "closed.revoked_sent", { count: left }));
    show($("[data-rescue]", root), left > 0 && Boolean(await meta.get("rescue")));
  };
  const again = $("[data-again]", root);
  again.textContent = t("outbox.send_now");
  again.addEventListener("click", (event) => {
    event.stopImmediatePropagation();
    syncNow();
  }, { capture: true });
  $("[data-rescue]", root).addEventListener("click", async () => save(root, storeOwner(), await meta.get("rescue")));
  addEventListener("sync:state", draw);
  draw();
  return () => removeEventListener("sync:state", draw);
}
