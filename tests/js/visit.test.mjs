// A visit on the phone: the mirror of the state machine, the order of the steps, what events say, money as typed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { amountFrom, factsOf, manifestOf, totalOf, undoable } from "../../static/js/visit/facts.js";
import { mayFollow, NEXT, stateOf } from "../../static/js/visit/lifecycle.js";
import { moment } from "../../static/js/visit/when.js";
import { setPlace } from "../../static/js/lib/time.js";
import { passed, stepOf, STEPS } from "../../static/js/visit/steps.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/lifecycle.json", import.meta.url), "utf8"));
const RULING = { "visit.cancelled": "cancelled", "visit.voided": "void", "visit.reinstated": null };

test("every state allows what the vectors say", () => {
  const mine = Object.fromEntries(Object.entries(NEXT).map(([state, types]) => [state, types.toSorted()]));
  const theirs = Object.fromEntries(Object.entries(vectors.next).map(([state, types]) => [state, types.toSorted()]));
  assert.deepEqual(mine, theirs);
});

test("a history leads to its state", () => {
  assert.ok(vectors.histories.length > 10);
  for (const { name, types, state } of vectors.histories) {
    const ruling = types.reduce((said, type) => (type in RULING ? RULING[type] : said), null);
    assert.equal(stateOf(types, ruling), state, name);
  }
});

test("an unknown state allows nothing", () => {
  assert.equal(mayFollow("gone", "visit.left"), false);
});

let minute = 0;
const event = (type, data = {}) => ({ id: `${type}-${minute}`, type, data, at: (minute += 1) * 60_000 });
const visit = { charges: [{ label: "Fee", amount: "100" }], promise: { start: "2026-12-01T01:00:00Z", end: "2026-12-01T03:00:00Z" }, events: [] };

test("each step of a normal visit follows the one before", () => {
  const order = [
    ["prepare", []], ["way", ["kit.checked"]], ["arrive", ["visit.departed"]], ["door", ["visit.arrived"]],
    ["work", ["door.checked", "consent.given"]], ["handover", ["site.checked"]], ["handover", ["signature.captured"]],
    ["leave", ["visit.completed"]], ["done", ["visit.left"]],
  ];
  const events = [];
  for (const [step, types] of order) {
    events.push(...types.map((type) => event(type, type === "signature.captured" ? { doc_hash: "x" } : {})));
    assert.equal(stepOf(stateOf(events.map((one) => one.type)), factsOf(visit, events), false), step);
  }
});

test("clean-up is shown once the work is said to be done", () => {
  assert.equal(stepOf("admitted", factsOf(visit, []), true), "cleanup");
  assert.equal(stepOf("no_access", factsOf(visit, []), true), "ended");
  assert.equal(passed("prepare"), 0);
  assert.equal(passed("done"), STEPS.length);
});

test("charges of the order and of the phone add up to the cent, each once", () => {
  const added = event("charge.added", { label: "Cable", amount: "0.1" });
  const more = event("charge.added", { label: "Socket", amount: "0.20" });
  const known = { ...visit, charges: [...visit.charges, added.data], events: [{ id: added.id }] };
  const facts = factsOf(known, [added, more]);
  assert.equal(totalOf(facts.charges), "100.30");
  assert.equal(facts.added.length, 2);
});

test("a promise that the phone changed counts until the snapshot has it", () => {
  const change = event("promise.changed", { promise: { start: "2026-12-01T02:00:00Z", end: "2026-12-01T04:00:00Z" } });
  assert.equal(factsOf(visit, [change]).promise.start, "2026-12-01T02:00:00Z");
  const moved = { ...visit, promise: { start: "2026-12-01T05:00:00Z" }, events: [{ id: change.id }] };
  assert.equal(factsOf(moved, [change]).promise.start, "2026-12-01T05:00:00Z");
});

test("a promise that waits for the office is none, and the list of what happened says so", () => {
  const change = event("promise.changed", { promise: { start: "2026-12-01T02:00:00Z", end: "2026-12-01T04:00:00Z" } });
  for (const status of ["held", "quarantined", "duplicate"]) {
    const facts = factsOf(visit, [{ ...change, status, code: "needs_second_person" }]);
    assert.equal(facts.promise.start, visit.promise.start, status);
    assert.deepEqual(facts.timeline.map((one) => one.type), ["promise.waits"]);
    assert.deepEqual([...facts.waits], ["needs_second_person"]);
  }
  const moved = { ...visit, promise: { start: "2026-12-01T05:00:00Z" }, events: [{ id: change.id }] };
  const decided = factsOf(moved, [{ ...change, status: "held", code: "needs_second_person" }]);
  assert.deepEqual([decided.promise.start, decided.timeline[0].type, decided.waits.size], ["2026-12-01T05:00:00Z", "promise.changed", 0]);
});

test("the customer's answers are never among the facts", () => {
  const facts = factsOf(visit, [event("answers.given", { courteous: "no", comment: "rude" })]);
  assert.equal(facts.answered, true);
  assert.doesNotMatch(JSON.stringify(facts), /rude|courteous/);
});

test("a correction replaces fields of a check and a note, and of nothing else", () => {
  const kit = event("kit.checked", { uniform: true, badge: true });
  const note = event("note.added", { text: "old" });
  const called = event("customer.called", { outcome: "agreed" });
  const facts = factsOf(visit, [
    kit, note, called,
    event("event.corrects", { target: kit.id, data: { badge: false } }),
    event("event.corrects", { target: note.id, data: { text: "new" } }),
    event("event.corrects", { target: called.id, data: { outcome: "no_answer" } }),
  ]);
  assert.deepEqual(facts.kit.data, { uniform: true, badge: false });
  assert.deepEqual(facts.notes.map((one) => one.text), ["new"]);
  assert.equal(facts.calls[0].outcome, "agreed");
});

test("only a fresh check, note or photo can be put right", () => {
  const kit = event("kit.checked", {});
  assert.equal(undoable(factsOf(visit, [kit]), kit.at + 119_000)?.id, kit.id);
  assert.equal(undoable(factsOf(visit, [kit]), kit.at + 121_000), null);
  const gone = event("visit.departed");
  assert.equal(undoable(factsOf(visit, [kit, gone]), gone.at), null);
});

test("the first arrival counts, and each photo is declared once", () => {
  const first = event("visit.arrived", { gps: { status: "denied" } });
  const facts = factsOf(visit, [
    first, event("visit.arrived", {}), event("photo.added", { blob: "a", slot: "before" }), event("photo.added", { blob: "a", slot: "after" }),
  ]);
  assert.equal(facts.arrived.at, first.at);
  assert.deepEqual(manifestOf(facts), ["a"]);
});

test("amounts are read as people type them", () => {
  assert.equal(amountFrom("12,50"), "12.50");
  assert.equal(amountFrom(" ¥ 1２ "), "12");
  for (const wrong of ["", "abc", "-5", "1.234", "1,000,000", "1e3"]) assert.equal(amountFrom(wrong), null, wrong);
  assert.equal(totalOf([{ amount: "-5.5" }, { amount: "2" }]), "-3.50");
});

test("typed times are the branch's, and a time that the clocks skip is none", () => {
  setPlace({ zone: "Asia/Shanghai" });
  assert.equal(moment("2026-12-01", "09:30"), Date.parse("2026-12-01T01:30:00Z"));
  setPlace({ zone: "America/New_York" });
  assert.equal(moment("2026-03-08", "02:30"), null);
  assert.equal(moment("2026-03-08", "03:30"), Date.parse("2026-03-08T07:30:00Z"));
  assert.equal(moment("2026-11-01", "12:00"), Date.parse("2026-11-01T17:00:00Z"));
  for (const wrong of [["", "09:00"], ["2026-12-01", ""], ["2026-13-01", "09:00"], ["2126-12-01", "09:00"]]) assert.equal(moment(...wrong), null);
  setPlace({ zone: "UTC" });
});
