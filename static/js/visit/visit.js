// One visit, from preparing to leaving: what it is about, how far it is, the step that comes next and its one button.
// Owns the frame; each step is a panel of its own.

import { $, clone, field, icon, put, show } from "../lib/dom.js";
import { go, refresh } from "../lib/router.js";
import { timeWindow } from "../lib/time.js";
import { t } from "../lib/words.js";
import { stateOf as lookOf } from "../phone/states.js";
import { rulingOf } from "../sync/day.js";
import { drafts } from "../sync/journal.js";
import { bottomBar, complain } from "./form.js";
import { cleanup, handover } from "./finish.js";
import { ended, leave } from "./leave.js";
import { know, record, sentence } from "./record.js";
import { arriving, door, prepare, way } from "./start.js";
import { passed, stepOf, STEPS } from "./steps.js";
import { timeline } from "./timeline.js";
import { work } from "./work.js";

const PANELS = { prepare, way, arrive: arriving, door, work, cleanup, handover, leave, done: leave, ended };
const TOUCHES = ["pointerdown", "keydown", "input"];
let shown = null;

export const view = {
  async start(place, params) {
    const lock = await drafts.get("handover");
    // Nor must one that has left the phone keep the technician from all others.
    if (lock?.locked && (await know(lock.visit))) return go("handover", { visit: lock.visit }, { replace: true });
    shown = { place, id: params.visit, key: null, busy: false };
    addEventListener("sync:changed", changed);
    return draw({ first: true });
  },
  stop() {
    removeEventListener("sync:changed", changed);
    shown?.panel?.stop?.();
    shown = null;
  },
};

// Something was written elsewhere.
async function changed() {
  if (!shown || shown.busy) return;
  const here = shown;
  const known = await know(here.id);
  if (here !== shown || !known) return;
  if (here.isUnknown) return refresh();
  const stage = await phase(here.id);
  if (here === shown && !here.busy && keyOf(known, stage) !== here.key) await update(here, known, stage);
}

// A step that somebody has touched is never drawn again while it lasts: what is ticked, typed, unfolded or complained of there
// would be as it was at first, and a fact would say what nobody meant. What else the screen tells is brought up to date.
async function update(here, known, stage) {
  const isSame = placeOf(known, stepOf(known.state, known.facts, stage.workDone)) === here.at;
  if (!isSame || !here.isTouched) return draw({ isGentle: isSame });
  head(here.frame, known);
  past(here, known);
  here.key = keyOf(known, stage);
  return here.panel.renew?.(known);
}

// The same after a fact that was recorded beside the step's own.
async function renew(here) {
  const [known, stage] = [await know(here.id), await phase(here.id)];
  if (here === shown && known) await update(here, known, stage);
}

const phase = async (id) => (await drafts.get(`phase:${id}`)) ?? {};
const keyOf = ({ visit, facts, state }, { workDone }) =>
  [state, facts.last?.id, facts.promise?.start, visit.rev, Boolean(workDone)].join(" ");
const placeOf = ({ state }, step) => `${step} ${state}`;

async function draw({ first = false, isGentle = false } = {}) {
  const here = shown;
  if (!here) return;
  const known = await know(here.id);
  if (here !== shown) return;
  if (!known) {
    here.isUnknown = true;
    here.place.replaceChildren(clone("visit-unknown"));
    return;
  }
  const stage = await phase(here.id);
  const step = stepOf(known.state, known.facts, stage.workDone);
  const context = {
    ...known, id: here.id, step, act: beside, draw, renew: () => renew(here), record: (...fact) => record(here.id, ...fact), turn: (done) => turn(here.id, done),
  };
  const panel = await PANELS[step](context);
  if (here !== shown) return;
  if (isGentle && here.isTouched) {
    panel.stop?.();
    return update(here, known, stage);
  }
  here.panel?.stop?.();
  const frame = clone("visit");
  Object.assign(here, { panel, frame, context, at: placeOf(known, step), key: keyOf(known, stage), isTouched: false });
  head(frame, known);
  progress(frame, step);
  put(frame, "title", panel.title ?? t(`visit.${step}.title`));
  put(frame, "hint", panel.hint ?? "");
  field(frame, "panel").append(...[panel.element].flat());
  past(here, known);
  for (const touch of TOUCHES) frame.addEventListener(touch, () => { here.isTouched = true; });
  here.place.replaceChildren(frame, bottomBar({ ...panel.next, act: (button) => doing(() => panel.next.act(button), () => draw()), more: panel.more ?? [] }));
  if (!first) settled(frame);
}

// The list of what is recorded, but for one in which somebody is just putting something right.
function past(here, known) {
  const old = field(here.frame, "past").firstElementChild;
  if (old && $("details[open]", old)) return;
  const list = timeline({ ...here.context, ...known });
  list.open = Boolean(old?.open);
  show(list, known.facts.timeline.length > 0);
  field(here.frame, "past").replaceChildren(list);
}

// Runs one tap's work, and then `shows` what came of it. Raises what went wrong.
async function doing(work, shows) {
  const here = shown;
  Object.assign(here, { busy: true, isTouched: true });
  try {
    const stay = await work();
    if (here === shown && stay !== false) await shows(here);
  } finally {
    here.busy = false;
  }
}

const beside = (work) => doing(work, renew).catch((error) => complain(sentence(error)));

// Working and clean-up are one state; which of them is shown is the technician's word.
async function turn(id, workDone) {
  await drafts.put(`phase:${id}`, { workDone });
}

function head(frame, { visit, facts, state }) {
  put(frame, "name", visit.customer.name);
  put(frame, "address", visit.customer.address);
  put(frame, "window", facts.promise ? timeWindow(facts.promise.start, facts.promise.end) : "");
  put(frame, "job", t(`job.${visit.job_type}`));
  put(frame, "number", visit.external_id);
  put(frame, "access", visit.access ?? "");
  put(frame, "note", visit.note);
  const overruled = ["disputed", "cancelled"].includes(visit.state) && state !== "cancelled";
  const disputed = overruled ? "disputed" : state;
  const mark = field(frame, "state");
  const look = lookOf(disputed);
  mark.className = ["status", ...look.tone].join(" ");
  icon(mark, look.icon);
  put(mark, "state-word", t(`state.${disputed}`));
  show(field(frame, "disputed"), overruled);
  const isAsked = facts.waits.size === 1 && facts.waits.has("needs_second_person");
  put(frame, "why", t(isAsked ? "visit.disputed_promise" : "visit.disputed"));
  const ruling = rulingOf(visit);
  put(frame, "ruling", ruling ? t(`outbox.${ruling.kind}`, { reason: ruling.reason }) : "");
}

function progress(frame, step) {
  const behind = passed(step);
  const now = STEPS[behind];
  put(frame, "step", now
    ? t("visit.step", { number: behind + 1, all: STEPS.length, name: t(`visit.${now}.name`) }) : t("visit.all_steps"));
  show(field(frame, "track"), step !== "ended");
  STEPS.forEach((_, index) => {
    const dot = document.createElement("li");
    dot.dataset.is = index < behind ? "done" : index === behind ? "now" : "todo";
    $("ol", frame).append(dot);
  });
}

function settled(frame) {
  scrollTo(0, 0);
  const heading = $("h1", frame);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
