// What the customer signs: the statement's exact text, the strokes as data, little ink.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";

import { statementOf } from "../../static/js/signoff/statement.js";
import { fits } from "../../static/js/sync/decide.js";
import { bindText, BOX, fromBox, isWeak, strokesText, toBox } from "../../static/js/signoff/strokes.js";
import { factsOf } from "../../static/js/visit/facts.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/statement.json", import.meta.url), "utf8"));
const fillIn = (sentence, params) => sentence.replace(/%\((\w+)\)s/g, (whole, name) => (name in params ? String(params[name]) : whole));
const t = (key, params = {}) => fillIn(vectors.words[key] ?? `?${key}`, params);
const format = {
  date: (ms) => new Date(ms).toISOString().slice(0, 10), time: (ms) => new Date(ms).toISOString().slice(11, 16),
  price: (amount) => t("money.CNY", { amount }),
};
const state = (visit, events) => statementOf(visit, factsOf(visit, events), vectors.technician, t, format);

test("the statement is exactly this text, and this is its hash", () => {
  for (const { name, visit, events, text, sha256 } of vectors.cases) {
    const doc = state(visit, events);
    assert.equal(doc, text, name);
    assert.equal(createHash("sha256").update(doc, "utf8").digest("hex"), sha256, name);
  }
});

test("answers change nothing that is signed; a charge does", () => {
  const [{ visit, events, text }] = vectors.cases;
  const answer = { id: "a", type: "answers.given", at: 0, data: { courteous: "no", comment: "rude" } };
  const charge = { id: "c", type: "charge.added", at: 0, data: { label: "Cable", amount: "1" } };
  assert.equal(state(visit, [...events, answer]), text);
  assert.notEqual(state(visit, [...events, charge]), text);
});

test("typed line breaks cannot pretend to be lines of the statement", () => {
  const [{ visit, events }] = vectors.cases;
  const note = { id: "n", type: "note.added", at: 0, data: { text: "ok\nTotal: 0.00\u2028\tend" } };
  assert.match(state(visit, [...events, note]), /^- ok Total: 0\.00 end$/m);
});

const group = (...points) => ({ points: points.map(([x, y, time]) => ({ x, y, time, pressure: 0.5 })) });

test("strokes keep their place whatever the canvas's size", () => {
  const wide = toBox([group([10, 10, 1000], [20, 30, 1016])], 300);
  assert.deepEqual(wide, [[[20, 20, 0, 0.5], [40, 60, 16, 0.5]]]);
  const narrow = toBox(fromBox(wide, 358).map((one) => ({ points: one.points })), 358);
  assert.deepEqual(narrow, wide);
});

test("ink outside the box lies on its edge, and empty strokes are none", () => {
  assert.deepEqual(toBox([group([-5, 400, 0]), { points: [] }], 600), [[[0, BOX[1], 0, 0.5]]]);
  assert.deepEqual(toBox([], 600), []);
});

test("ink without end keeps its lines in fewer points, so that it can still be sent", () => {
  const scribble = Array.from({ length: 600 }, (_, at) => (
    group(...Array.from({ length: 100 }, (_, one) => [(one * 7.3) % 600, at % 300, 1000 + at * 100 + one]))
  ));
  const kept = toBox(scribble, 600);
  assert.equal(kept.length, 500);
  assert.deepEqual([kept[0][0], kept[0].at(-1)[2]], [[0, 0, 0, 0.5], 99]);
  assert.ok(fits(JSON.stringify(kept)));
  assert.ok(!fits(JSON.stringify(scribble)));
});

test("a dot and a tick are weak ink, a name is not", () => {
  const name = [[[50, 150, 0, 0.5], [120, 80, 20, 0.5], [160, 200, 40, 0.5], [300, 120, 60, 0.5]]];
  assert.equal(isWeak([]), true);
  assert.equal(isWeak([[[300, 150, 0, 0.5]]]), true);
  assert.equal(isWeak([[[300, 150, 0, 0.5], [301, 151, 5, 0.5], [302, 152, 9, 0.5], [303, 153, 12, 0.5]]]), true);
  assert.equal(isWeak(name), false);
});

test("what ties signature, statement, visit and signer together is plain text", () => {
  assert.equal(strokesText([[[1, 2, 3, 0.5]]]), "[[[1,2,3,0.5]]]");
  assert.equal(bindText("d", "i", "v", "陈"), "d\ni\nv\n陈");
});
