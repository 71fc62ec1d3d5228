import assert from "node:assert/strict";
import test from "node:test";
import { differences } from "../../static/js/sync/day.js";
import { leftOut, merge, reachedBy, stateAfter } from "../../static/js/sync/journal.js";
import { fit } from "../../static/js/sync/photos.js";
import { arrange, hearing } from "../../static/js/phone/today.js";

const local = (seq, at, type = "note.added") => ({ id: `l${seq}`, seq, type, at, status: "waiting" });

test("what this phone did keeps its order, whatever its clock did", () => {
  const ids = merge([], [local(2, 1000), local(1, 5000), local(3, 2000)]).map((event) => event.id);
  assert.deepEqual(ids, ["l1", "l2", "l3"]);
});

test("the server's facts stand between, and ours are not doubled", () => {
  const told = [{ id: "l1", type: "visit.departed", at: "1970-01-01T00:00:01Z" }, { id: "s", type: "visit.amended", at: "1970-01-01T00:00:03Z" }];
  const merged = merge(told, [local(1, 1000), local(2, 5000)]);
  assert.deepEqual(merged.map((event) => [event.id, event.status]), [["l1", "waiting"], ["s", "server"], ["l2", "waiting"]]);
});

test("a state moves with the facts, and not out of its end", () => {
  assert.equal(stateAfter("planned", ["kit.checked", "visit.departed", "visit.arrived"]), "arrived");
  assert.equal(stateAfter("cancelled", ["visit.departed"]), "cancelled");
  assert.equal(stateAfter("admitted", ["visit.not_completed"]), "not_completed");
});

const visit = (id, start, state = "planned", end = start + 100) => ({
  visit_id: id, external_id: id, state, promise: { start, end }, customer: { name: id },
});

test("the office's changes are told until somebody arrived", () => {
  const before = [visit("a", 10), visit("b", 20), visit("c", 30), visit("d", 40, "arrived")];
  const after = [visit("a", 15), visit("b", 20, "cancelled"), visit("d", 99, "arrived"), visit("e", 50)];
  assert.deepEqual(differences(before, after).map((one) => [one.kind, one.visit_id]), [
    ["moved", "a"], ["cancelled", "b"], ["removed", "c"], ["new", "e"],
  ]);
  assert.deepEqual(differences(before, before), []);
});

test("who is on the way hears of it, though the visit be disputed", () => {
  const before = [visit("a", 10, "en_route"), visit("b", 20, "en_route"), visit("c", 30, "en_route")];
  const disputed = { ...visit("c", 30, "disputed"), reached: reachedBy(["visit.scheduled", "visit.departed", "visit.cancelled"]) };
  const after = [visit("b", 20, "cancelled"), disputed];
  assert.deepEqual(differences(before, after).map((one) => [one.kind, one.visit_id]), [
    ["removed", "a"], ["cancelled", "b"], ["cancelled", "c"],
  ]);
});

test("nobody is told what they changed themselves", () => {
  const moved = (...actors) => [{ ...visit("a", 15), events: actors.map((actor) => ({ id: actor, type: "promise.changed", actor })) }];
  assert.deepEqual(differences([visit("a", 10)], moved("D001", "T001"), "T001"), []);
  assert.equal(differences([visit("a", 10)], moved("T001", "D001"), "T001")[0].kind, "moved");
});

test("a disputed visit stands where its facts are, and is over when it was called off before the arrival", () => {
  const day = () => "1";
  const disputed = (id, ...types) => ({ ...visit(id, 1, "disputed"), reached: reachedBy(types) });
  const off = disputed("a", "visit.departed", "visit.cancelled");
  const inside = disputed("b", "visit.arrived", "consent.given", "visit.cancelled");
  const back = disputed("c", "visit.departed", "visit.cancelled", "visit.reinstated");
  const { next, rest, ended } = arrange([off, disputed("d", "visit.completed"), inside, back], 5, day);
  assert.deepEqual([next, ...rest, ...ended].map((one) => one.visit_id), ["b", "c", "a", "d"]);
});

test("what is under way comes before what is planned", () => {
  const day = (moment) => (moment < 1000 ? "1" : "2");
  const list = [visit("a", 1, "completed"), visit("b", 2), visit("c", 3, "arrived"), visit("z", 2000)];
  const { next, rest, ended, later } = arrange(list, 5, day);
  assert.deepEqual([next.visit_id, rest.map((one) => one.visit_id), ended[0].visit_id, later[0].visit_id], ["c", ["b"], "a", "z"]);
});

test("what waits for an answer is told until its time is over, the one that ends first", () => {
  const list = [{ finding: "b", until: "2026-10-21T16:00:00Z" }, { finding: "a", until: "2026-10-19T16:00:00Z" }];
  const before = Date.parse("2026-10-19T15:59:59Z");
  assert.deepEqual(hearing(list, before), { count: 2, until: "2026-10-19T16:00:00Z", href: "/scores/" });
  assert.deepEqual(hearing(list, before + 1000), { count: 1, until: "2026-10-21T16:00:00Z", href: "/scores/findings/b" });
  assert.equal(hearing(list, Date.parse("2026-10-21T16:00:00Z")), null);
});

test("a photo fits into its square and never grows", () => {
  assert.deepEqual(fit(4000, 3000, 1600), { w: 1600, h: 1200 });
  assert.deepEqual(fit(800, 600, 1600), { w: 800, h: 600 });
  assert.deepEqual(fit(10_000, 1, 1600), { w: 1600, h: 1 });
});

test("what the office left out counts no more, unless it was brought back", () => {
  const said = { id: "r", type: "visit.reinstated", data: { reason: "by mistake", left_out: ["f", "g"] } };
  const started = (id) => ({ id, type: "visit.departed", data: {} });
  assert.deepEqual([...leftOut([{ id: "s", type: "visit.scheduled", data: {} }, said])], ["f", "g"]);
  assert.deepEqual([...leftOut([said, started("f"), started("g")])], []);
  assert.deepEqual([...leftOut([{ id: "s", type: "visit.scheduled" }])], []);
});
