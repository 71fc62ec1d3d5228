// Hand-over: the phone is the customer's until they give it back. Owns which of their screens is shown, their language,
// and the draft that survives a killed browser. Afterwards nothing they answered is left to be shown.

import { $, clone, field, put, say } from "../lib/dom.js";
import { current, go, refresh } from "../lib/router.js";
import { language, LANGUAGES, setLanguage, t } from "../lib/words.js";
import { report } from "../sync/bus.js";
import { syncState } from "../sync/engine.js";
import { store } from "../sync/store.js";
import { bottomBar, complain } from "../visit/form.js";
import { mayFollow } from "../visit/lifecycle.js";
import { forget, keep, recall } from "../visit/keep.js";
import { know, NotNow, sentence } from "../visit/record.js";
import { review } from "./review.js";
import { sign } from "./sign.js";
import { thanks } from "./thanks.js";
import { complete, holds, latest, recorded, repaired, written } from "./writing.js";

const SCREENS = { review, sign, thanks };
let own = null;
let shown = null;

export const view = {
  async start(place, { visit: id }) {
    const known = await know(id);
    const draft = await begin(id, known);
    if (!draft) return go("visit", { visit: id }, { replace: true });
    own ??= language();
    shown = { place, id, draft, visit: known.visit, me: (await store().get("meta", "me")) ?? {}, leaving: false, busy: 0 };
    document.body.classList.add("customer");
    addEventListener("sync:changed", changed);
    say("");
    // Nothing is drawn over what is not there yet.
    return busy(shown, async (here) => {
      await setLanguage(draft.language);
      return here === shown ? drawn(here) : undefined;
    });
  },
  stop() {
    removeEventListener("sync:changed", changed);
    const left = shown;
    left?.screen?.stop?.();
    shown = null;
    document.body.classList.remove("customer");
    if (!left || left.leaving) return;
    // The back button is no way out: only the customer's own button ends it, or an app that is closed to everybody.
    if (current().name !== "closed") queueMicrotask(() => go("handover", { visit: left.id }, { replace: true }));
    else setLanguage(own).then(refresh);
  },
};

// The draft of this hand-over: the one that was begun, or a new one where the visit is ready for it.
async function begin(id, known) {
  const draft = await recall("handover");
  // A visit that is not on the phone (any more, or not yet) cannot be shown; what was signed stays for when it is.
  if (draft?.locked && draft.visit === id) return known && draft;
  if (!known || !mayFollow(known.state, "statement.presented") || !known.facts.site) return null;
  const wanted = known.visit.customer.language;
  const fresh = {
    visit: id, locked: true, screen: "review", language: LANGUAGES.includes(wanted) ? wanted : "zh-Hans", answers: {},
    signer: { name: known.visit.customer.name, relation: "self" }, way: "draw", strokes: [], docHash: null, shownAt: null,
  };
  await keep("handover", () => fresh);
  return fresh;
}

const draw = async () => shown && busy(shown, drawn);

// What is done here is heard of here, too, and is no news.
async function busy(here, work) {
  here.busy += 1;
  try {
    return await work(here);
  } finally {
    here.busy -= 1;
  }
}

async function drawn(here) {
  const known = await latest(here);
  const finished = known.facts.completedAt !== null || (await repaired(here, known));
  if (here !== shown) return;
  // The office left out what they would sign for, or called it off: there is nothing to sign.
  if (!finished && !mayFollow(known.state, "statement.presented")) return giveBack(here);
  const context = await contextOf(here, known, finished);
  if (here !== shown) return;
  const screen = await SCREENS[here.draft.screen](context);
  if (here !== shown) return;
  here.screen?.stop?.();
  here.screen = screen;
  const frame = clone("handover");
  languages(frame);
  put(frame, "number", context.visit.external_id);
  put(frame, "title", screen.title);
  put(frame, "hint", screen.hint ?? "");
  field(frame, "panel").append(screen.element);
  here.place.replaceChildren(frame, bottomBar({ ...screen, act: () => busy(here, () => screen.act()).catch(anew) }));
  screen.ready?.();
  scrollTo(0, 0);
  const heading = $("h1", frame);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// The office or another window said something meanwhile.
async function changed() {
  const here = shown;
  if (!here || here.busy || here.draft.screen === "thanks") return;
  const known = await latest(here);
  if ((await holds(here, known)) || here !== shown || here.busy) return;
  await anew(new NotNow(known.state));
}

// What was asked of the customer holds no longer: what does is shown, and that it is another.
async function anew(error) {
  if (error.code !== "not_now") throw error;
  if (shown) await draw();
  if (shown?.draft.screen !== "thanks") complain(sentence(error));
}

// What every screen gets. A change of what the statement says clears the signature, whoever made it.
async function contextOf(here, known, finished) {
  const statement = await written(here, known);
  const { docHash } = statement;
  if (finished) here.draft = { visit: here.id, locked: true, screen: "thanks", language: here.draft.language };
  else if (here.draft.docHash !== docHash) {
    const again = here.draft.again || here.draft.strokes.length > 0;
    Object.assign(here.draft, { docHash, shownAt: Date.now(), strokes: [], weak: false, again });
  }
  await keep("handover", () => here.draft);
  return {
    ...known, ...statement, id: here.id, draft: here.draft, own,
    keep: (change) => kept(here, change),
    to: (name) => kept(here, { screen: name }).then(draw),
    record: (type, data, change = {}) => recorded(here, type, data, change, docHash),
    complete: () => complete(here).then(draw),
    giveBack: () => giveBack(here),
  };
}

function kept(here, change) {
  Object.assign(here.draft, change);
  return keep("handover", () => here.draft);
}

async function giveBack(here) {
  here.leaving = true;
  await forget("handover");
  await setLanguage(own);
  own = null;
  report(syncState());
  return go("visit", { visit: here.id }, { replace: true });
}

function languages(frame) {
  for (const input of frame.querySelectorAll("input[name=customer-language]")) {
    input.checked = input.value === shown.draft.language;
    input.addEventListener("change", async () => {
      await shown.screen.flush?.();
      await kept(shown, { language: input.value });
      await setLanguage(input.value);
      await draw();
    });
  }
}
