// Hand-over: the phone is the customer's until they give it back. Owns which of their screens is shown, their language,
// and the draft that survives a killed browser. Afterwards nothing they answered is left to be shown.

import { $, clone, field, put, say } from "../lib/dom.js";
import { go } from "../lib/router.js";
import { clockTime, dateOf, price } from "../lib/time.js";
import { language, LANGUAGES, setLanguage, t } from "../lib/words.js";
import { sha256 } from "../lib/ids.js";
import { report } from "../sync/bus.js";
import { syncState } from "../sync/engine.js";
import { append } from "../sync/journal.js";
import { locked } from "../sync/lock.js";
import { store } from "../sync/store.js";
import { manifestOf } from "../visit/facts.js";
import { bottomBar } from "../visit/form.js";
import { mayFollow } from "../visit/lifecycle.js";
import { forget, keep, recall, spend } from "../visit/keep.js";
import { know } from "../visit/record.js";
import { review } from "./review.js";
import { sign } from "./sign.js";
import { statementOf } from "./statement.js";
import { thanks } from "./thanks.js";

const SCREENS = { review, sign, thanks };
let own = null;
let shown = null;

export const view = {
  async start(place, { visit: id }) {
    const known = await know(id);
    const draft = await begin(id, known);
    if (!draft) return go("visit", { visit: id }, { replace: true });
    own ??= language();
    shown = { place, id, draft, me: (await store().get("meta", "me")) ?? {}, leaving: false };
    document.body.classList.add("customer");
    say("");
    await setLanguage(draft.language);
    return draw();
  },
  stop() {
    const left = shown;
    left?.screen?.stop?.();
    shown = null;
    document.body.classList.remove("customer");
    // The back button is no way out: only the customer's own button ends it.
    if (left && !left.leaving) queueMicrotask(() => go("handover", { visit: left.id }, { replace: true }));
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

async function draw() {
  const here = shown;
  const context = await contextOf(here);
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
  here.place.replaceChildren(frame, bottomBar(screen));
  screen.ready?.();
  scrollTo(0, 0);
  const heading = $("h1", frame);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// What every screen gets. A change of what the statement says clears the signature, whoever made it.
async function contextOf(here) {
  const known = await know(here.id);
  const finished = known.facts.completedAt !== null || (await repaired(here.id, known));
  const technician = { name: here.me.name === here.me.login ? "" : here.me.name, code: here.me.login };
  const doc = statementOf(known.visit, known.facts, technician, t, { date: dateOf, time: clockTime, price });
  const docHash = await sha256(doc);
  if (finished) here.draft = { visit: here.id, locked: true, screen: "thanks", language: here.draft.language };
  else if (here.draft.docHash !== docHash) {
    Object.assign(here.draft, { docHash, shownAt: Date.now(), strokes: [], weak: false, again: here.draft.strokes.length > 0 });
  }
  await keep("handover", () => here.draft);
  return {
    ...known, id: here.id, draft: here.draft, doc, docHash, own, technician: technician.name || technician.code,
    keep: (change) => kept(here, change),
    to: (name) => kept(here, { screen: name }).then(draw),
    record: (type, data, change = {}) => recorded(here, type, data, change),
    complete: () => complete(here.id).then(draw),
    giveBack: () => giveBack(here),
  };
}

// Together with what the draft then says of it, for who is killed in between.
function recorded(here, type, data, change) {
  return spend("handover", () => ({ ...here.draft, ...change }), async (together) => {
    await append(here.id, type, data, together);
    Object.assign(here.draft, change);
  });
}

function kept(here, change) {
  Object.assign(here.draft, change);
  return keep("handover", () => here.draft);
}

// Killed between the signature (or its refusal) and the completion: the completion is made up for.
async function repaired(id, { facts }) {
  if (!facts.signature && !facts.refused) return false;
  await complete(id);
  return true;
}

// Once, whoever asks at the same moment: a second completion would dispute the visit.
const complete = (id) => locked("complete", async () => {
  const { facts } = await know(id);
  if (facts.completedAt === null) await append(id, "visit.completed", { manifest: manifestOf(facts) });
});

async function giveBack(here) {
  here.leaving = true;
  await forget("handover");
  await setLanguage(own);
  own = null;
  report(syncState());
  go("visit", { visit: here.id }, { replace: true });
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
