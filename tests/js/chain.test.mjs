import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { uuid7 } from "../../static/js/lib/ids.js";
import { FIRST_PREV, linkHash, payloadOf } from "../../static/js/sync/chain.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/chain.json", import.meta.url)));

test("the chain hashes as the server does", async () => {
  assert.equal(vectors.links[0].prev, FIRST_PREV);
  for (const { prev, payload, hash } of vectors.links) assert.equal(await linkHash(prev, payload), hash);
});

test("a payload is the closed envelope, its clock as last measured", () => {
  const facts = { type: "visit.departed", visitId: "v", visitRev: 7, actor: "T001", data: {}, now: 1000, mono: 2, bootId: "b", tz: 480 };
  assert.equal(
    payloadOf({ ...facts, sample: { off: -812, rtt: 46, wall: 400 } }),
    '{"v":1,"type":"visit.departed","visit_id":"v","visit_rev":7,"actor":"T001","wall":1000,"mono":2,"boot":"b","clk":{"off":-812,"rtt":46,"age":600},"tz":480,"data":{}}',
  );
  assert.equal(JSON.parse(payloadOf({ ...facts, sample: undefined })).clk, null);
  const half = { ...facts, data: { text: "fine \ud83d" }, sample: undefined };
  assert.equal(JSON.parse(payloadOf(half)).data.text, "fine \ufffd", "half an emoji");
  const scanned = { ...facts, data: { serial: "A\u00001" }, sample: undefined };
  assert.equal(JSON.parse(payloadOf(scanned)).data.serial, "A\ufffd1", "a bar code's zero");
});

test("ids are version 7 and sort by time", () => {
  const early = uuid7(1_795_319_415_170);
  assert.match(early, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(early < uuid7(1_795_319_415_171));
  assert.equal(parseInt(early.replace("-", "").slice(0, 12), 16), 1_795_319_415_170);
});
