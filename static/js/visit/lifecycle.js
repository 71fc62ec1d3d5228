// Which event may come next on this phone: a mirror of fieldapp/domain/visits/lifecycle.py, which is the judge.
// tests/vectors/lifecycle.json holds both equal. Owns states and order; no texts, no storage.

const ANYTIME = ["note.added", "photo.added", "event.corrects"];
const BEFORE = [...ANYTIME, "kit.checked", "customer.called", "promise.changed", "visit.arrived", "visit.not_completed"];
const INSIDE = [...ANYTIME, "kit.checked", "customer.called", "visit.not_completed", "door.checked", "consent.given",
  "access.failed", "damage.reported", "equipment.used", "charge.added", "site.checked"];
const ADMITTED = INSIDE.filter((type) => type !== "access.failed");
const SIGNING = ["answers.given", "statement.presented", "signature.captured", "signature.refused", "visit.completed"];

/** State -> what this phone may record next. */
export const NEXT = {
  planned: [...BEFORE, "visit.departed"],
  en_route: BEFORE,
  arrived: INSIDE,
  admitted: [...ADMITTED, ...SIGNING],
  signed: [...ADMITTED, ...SIGNING],
  completed: ["visit.left", "event.corrects"],
  not_completed: [...ANYTIME, "visit.left"],
  no_access: [...ANYTIME, "visit.left", "customer.called"],
  cancelled: [],
  missed: [...BEFORE, "visit.departed"],
  disputed: [...INSIDE, ...SIGNING, "visit.left"],
  void: [],
};

// What has been reached, the furthest first.
const REACHED = [
  ["completed", ["visit.completed"]], ["not_completed", ["visit.not_completed"]],
  ["no_access", ["access.failed", "visit.arrived"]], ["signed", ["signature.captured"]],
  ["admitted", ["consent.given"]], ["arrived", ["visit.arrived"]], ["en_route", ["visit.departed"]],
];

/** The state after events of these types; `ruling` is what the office last said (`cancelled`, `void`), if anything. */
export function stateOf(types, ruling = null) {
  const seen = new Set(types);
  if (ruling === "void") return "void";
  const reached = REACHED.find(([, needed]) => needed.every((type) => seen.has(type)))?.[0] ?? "planned";
  return ruling === "cancelled" && !["completed", "not_completed"].includes(reached) ? "cancelled" : reached;
}

/** May an event of `type` follow in `state`? */
export function mayFollow(state, type) {
  return (NEXT[state] ?? []).includes(type);
}
