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

// Something was written elsewhere: only a visit that moved on is drawn again, so that nobody loses their place.
async function changed() {
  if (!shown || shown.busy) return;
  const here = shown;
  const known = await know(here.id);
  if (here !== shown || !known) return;
  if (here.isUnknown) refresh();
  else if (keyOf(known, await phase(here.id)) !== here.key && here === shown) draw();
}

const phase = async (id) => (await drafts.get(`phase:${id}`)) ?? {};
const keyOf = ({ visit, facts, state }, { workDone }) =>
  [state, facts.last?.id, facts.promise?.start, visit.rev, Boolean(workDone)].join(" ");

async function draw({ first = false } = {}) {
  const here = shown;
  const known = await know(here.id);
  if (here !== shown) return;
  if (!known) {
    here.isUnknown = true;
    here.place.replaceChildren(clone("visit-unknown"));
    return;
  }
  const stage = await phase(here.id);
  const step = stepOf(known.state, known.facts, stage.workDone);
  const context = { ...known, id: here.id, step, act: doing, draw, record: (...fact) => record(here.id, ...fact), turn: (done) => turn(here.id, done) };
  const panel = await PANELS[step](context);
  if (here !== shown) return;
  here.panel?.stop?.();
  Object.assign(here, { panel, key: keyOf(known, stage) });
  const frame = clone("visit");
  head(frame, known);
  progress(frame, step);
  put(frame, "title", panel.title ?? t(`visit.${step}.title`));
  put(frame, "hint", panel.hint ?? "");
  field(frame, "panel").append(...[panel.element].flat());
  const past = timeline(context);
  show(past, known.facts.timeline.length > 0);
  field(frame, "past").append(past);
  here.place.replaceChildren(frame, bottomBar({ ...panel.next, act: (button) => doing(() => panel.next.act(button)), more: panel.more ?? [] }));
  if (!first) settled(frame);
}

// Runs one tap's work and shows what came of it.
async function doing(work) {
  const here = shown;
  here.busy = true;
  try {
    const stay = await work();
    if (here === shown && stay !== false) await draw();
  } catch (error) {
    complain(sentence(error));
  } finally {
    here.busy = false;
  }
}

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
  mark.classList.add(...look.tone);
  icon(mark, look.icon);
  put(mark, "state-word", t(`state.${disputed}`));
  show(field(frame, "disputed"), overruled);
  const ruling = rulingOf(visit);
  put(frame, "ruling", ruling ? t(ruling.counts ? "outbox.decided" : "outbox.voided", { reason: ruling.reason }) : "");
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
