// What one visit's events say, as plain values for the screens. Owns reading events, corrections applied; refuses to
// own texts, storage, and what may come next (lifecycle.js). Of the customer's answers it learns only that they exist.

/** What the day's snapshot and the events together say. `events` are {id, type, data, at (epoch ms), code?} in order; `waits` are
 * the codes of those that wait for a decision. */
export function factsOf(visit, events) {
  const facts = {
    promise: visit.promise ?? null, kit: null, departedAt: null, arrived: null, door: null, consent: null,
    noAccess: null, calls: [], photos: [], notes: [], equipment: [], damages: [], added: [], site: null,
    answered: false, presented: null, signature: null, refused: null, completedAt: null, notCompleted: null,
    leftAt: null, last: null, timeline: [], waits: new Set(),
  };
  const told = new Set((visit.events ?? []).map((event) => event.id));
  for (const event of corrected(events)) {
    const isTold = told.has(event.id);
    // The server gave a reason why it does not count, or not yet.
    const waits = Boolean(event.code) && !isTold;
    if (waits) facts.waits.add(event.code);
    // What the snapshot was made from is in its promise and charges already; a promise that waits is none.
    if (event.type !== "promise.changed" || !(isTold || waits)) READ[event.type]?.(facts, event);
    if (SHOWN.has(event.type)) facts.timeline.push(waits && event.type === "promise.changed" ? { ...event, type: "promise.waits" } : event);
    facts.last = CORRECTABLE.has(event.type) ? event : { id: event.id, type: event.type, at: event.at };
  }
  facts.charges = [...(visit.charges ?? []), ...facts.added.filter((charge) => !told.has(charge.id))]
    .map(({ label, amount }) => ({ label, amount }));
  return facts;
}

/** Charges as cents, exactly; amounts are decimal strings with at most two places. */
export function totalOf(charges) {
  const cents = charges.reduce((sum, charge) => sum + inCents(charge.amount), 0);
  const whole = Math.trunc(Math.abs(cents) / 100);
  return `${cents < 0 ? "-" : ""}${whole}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;
}

/** An amount as people type it (comma or point, spaces), as the event wants it; null when it is none. */
export function amountFrom(text) {
  const plain = text.normalize("NFKC").replace(/[\s¥￥]/g, "").replace(",", ".");
  return /^\d{1,9}(\.\d{1,2})?$/.test(plain) ? plain : null;
}

/** Hashes of all photos of the visit, each once: what the completion declares. */
export function manifestOf(facts) {
  return [...new Set(facts.photos.map((photo) => photo.blob))];
}

const CORRECTABLE = new Set(["kit.checked", "door.checked", "site.checked", "note.added", "photo.added"]);
const SHOWN = new Set([
  "kit.checked", "customer.called", "promise.changed", "visit.departed", "visit.arrived", "door.checked", "consent.given",
  "access.failed", "site.checked", "signature.captured", "signature.refused", "visit.completed", "visit.not_completed",
  "visit.left",
]);
const UNDO_MS = 120_000;

/** The last check, note or photo, while it may still be taken back by a tap; null otherwise. */
export function undoable(facts, now) {
  const last = facts.last;
  return last && CORRECTABLE.has(last.type) && now - last.at < UNDO_MS ? last : null;
}

function inCents(amount) {
  const [whole, part = ""] = String(amount).replace("-", "").split(".");
  const cents = Number(whole) * 100 + Number(part.padEnd(2, "0").slice(0, 2));
  return String(amount).startsWith("-") ? -cents : cents;
}

function corrected(events) {
  const fixes = new Map();
  for (const event of events) {
    if (event.type !== "event.corrects") continue;
    fixes.set(event.data.target, { ...fixes.get(event.data.target), ...event.data.data });
  }
  return events
    .filter((event) => event.type !== "event.corrects")
    .map((event) => (CORRECTABLE.has(event.type) && fixes.has(event.id)
      ? { ...event, data: { ...event.data, ...fixes.get(event.id) } } : event));
}

const READ = {
  "kit.checked": (facts, event) => { facts.kit = event; },
  "promise.changed": (facts, event) => { facts.promise = event.data.promise; },
  "customer.called": (facts, event) => { facts.calls.push({ outcome: event.data.outcome, at: event.at }); },
  "visit.departed": (facts, event) => { facts.departedAt = event.at; },
  "visit.arrived": (facts, event) => { facts.arrived ??= event; },
  "door.checked": (facts, event) => { facts.door = event; },
  "consent.given": (facts, event) => { facts.consent ??= event; },
  "access.failed": (facts, event) => { facts.noAccess = event; },
  "photo.added": (facts, event) => { facts.photos.push({ id: event.id, ...event.data }); },
  "note.added": (facts, event) => { if (event.data.text) facts.notes.push({ id: event.id, text: event.data.text }); },
  "equipment.used": (facts, event) => { facts.equipment.push(event.data); },
  "damage.reported": (facts, event) => { facts.damages.push(event.data); },
  "charge.added": (facts, event) => { facts.added.push({ id: event.id, ...event.data }); },
  "site.checked": (facts, event) => { facts.site = event; },
  "answers.given": (facts) => { facts.answered = true; },
  "statement.presented": (facts, event) => { facts.presented = event.data.doc_hash; },
  "signature.captured": (facts, event) => {
    facts.signature = { docHash: event.data.doc_hash, at: event.at, typed: Boolean(event.data.typed) };
  },
  "signature.refused": (facts, event) => { facts.refused = { at: event.at }; },
  "visit.completed": (facts, event) => { facts.completedAt ??= event.at; },
  "visit.not_completed": (facts, event) => { facts.notCompleted = event; },
  "visit.left": (facts, event) => { facts.leftAt = event.at; },
};
