// Which step of the technician's way comes next. Owns the order of the steps as people see them; what is allowed is
// lifecycle.js, what happened is facts.js.

/** The steps in the order of a visit; `work` and `cleanup` share the state `admitted`. */
export const STEPS = ["prepare", "way", "arrive", "door", "work", "cleanup", "handover", "leave"];

/** The step to show: one of STEPS, or `done`, or `ended` (cancelled, no access, not completed). */
export function stepOf(state, facts, workDone) {
  switch (state) {
    case "planned": return facts.kit ? "way" : "prepare";
    case "en_route": return "arrive";
    case "arrived": return "door";
    case "admitted": return facts.site ? "handover" : workDone ? "cleanup" : "work";
    case "signed": return "handover";
    case "completed": return facts.leftAt === null ? "leave" : "done";
    default: return "ended";
  }
}

/** How many steps lie behind, for the progress bar. */
export function passed(step) {
  const index = STEPS.indexOf(step);
  return index < 0 ? STEPS.length : index;
}
