// Settings: language, being told, what this phone holds, signing out. Owns the page; session.js does the leaving.

import { $, clone, field, put, show } from "../lib/dom.js";
import { language, setLanguage, t } from "../lib/words.js";
import { meta, store } from "../sync/store.js";
import { posted, sendAll, signOut, unsent } from "./session.js";

const page = document.documentElement.dataset;

export const view = {
  async start(place) {
    const root = clone("settings");
    const me = (await store().get("meta", "me")) ?? {};
    put(root, "name", me.name);
    put(root, "login", me.login);
    put(root, "version", t("settings.version", { version: page.app }));
    await storage(root);
    languages(root, me);
    telling(root);
    $("[data-sign-out]", root).addEventListener("click", () => leave(root));
    place.append(root);
    const { others } = await import("./others.js");
    await others(field(root, "others"), { but: me.login, key: await meta.get("rescue") });
  },
};

async function storage(root) {
  const persisted = (await navigator.storage?.persisted?.()) ?? false;
  const { usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  put(root, "storage", t(persisted ? "settings.kept" : "settings.not_kept", { megabytes: (usage / 1_048_576).toFixed(1) }));
}

// Whether this phone is told when the day changes; asked of the browser only by the person's tap.
async function telling(root) {
  const { begin, end, standing } = await import("./telling.js");
  const [on, off] = ["[data-tell]", "[data-hush]"].map((name) => $(name, root));
  const draw = (how) => {
    put(root, "telling", t(`telling.${how}`));
    show(on, how === "off" || how === "failed").disabled = false;
    show(off, how === "on").disabled = false;
  };
  on.addEventListener("click", async () => {
    on.disabled = true;
    draw(await begin(await meta.get("push_key")));
  });
  off.addEventListener("click", async () => {
    off.disabled = true;
    await end();
    draw(await standing());
  });
  draw(await standing());
}

function languages(root, me) {
  for (const input of root.querySelectorAll("input[name=language]")) {
    input.checked = input.value === language();
    input.addEventListener("change", async () => {
      await setLanguage(input.value);
      await meta.put("language", input.value);
      dispatchEvent(new CustomEvent("language"));
      // The account's language too, for pages and mails; here it holds even if the server does not hear of it.
      if (me.csrf) posted(page.language, { csrf_token: me.csrf, language: input.value, next: "/m/" });
    });
  }
}

// Sends first; what cannot be sent stays sealed on this phone until the same person is back.
async function leave(root) {
  const button = $("[data-sign-out]", root);
  button.disabled = true;
  put(root, "leaving", t("settings.sending_first"));
  const left = (await unsent()) ? await sendAll(page.app) : 0;
  button.disabled = false;
  put(root, "leaving", "");
  if (!left) return signOut(page.signOut, page.signIn);
  return (await import("./leaving.js")).open(root, left);
}
