import assert from "node:assert/strict";
import test from "node:test";
import { hashOf, parse } from "../../static/js/lib/router.js";
import { dateOf, setPlace, until } from "../../static/js/lib/time.js";
import { fillIn, nearest } from "../../static/js/lib/words.js";

test("an address goes there and back", () => {
  const params = { visit: "a b&c=d", step: "door" };
  assert.deepEqual(parse(hashOf("visit", params)), { name: "visit", params });
  assert.equal(hashOf("today", { none: null }), "#today");
});

test("a sentence is filled once, and only with what it was given", () => {
  assert.equal(fillIn("%(a)s of %(b)s, 5 %%", { a: "%(b)s", b: 2 }), "%(b)s of 2, 5 %");
  assert.equal(fillIn("%(a)s", {}), "%(a)s");
});

test("the language is the nearest that we speak", () => {
  assert.equal(nearest(["fr", "zh-TW"]), "zh-Hant");
  assert.equal(nearest(["zh-CN", "en"]), "zh-Hans");
  assert.equal(nearest(["zh-Hant-HK"]), "zh-Hant");
  assert.equal(nearest(["de", "en-GB"]), "en");
  assert.equal(nearest([]), "en");
});

test("a day is the branch's day, not the phone's", () => {
  setPlace({ zone: "Asia/Shanghai" });
  assert.equal(dateOf("2026-11-20T17:00:00Z"), "2026-11-21");
  setPlace({ zone: "UTC" });
  assert.equal(dateOf("2026-11-20T17:00:00Z"), "2026-11-20");
});

test("a window opens, is open, is over", () => {
  assert.equal(until(3_600_000, 7_200_000, 0).tone, "calm");
  assert.equal(until(3_600_000, 7_200_000, 3_000_000).tone, "soon");
  assert.equal(until(3_600_000, 7_200_000, 3_600_000).key, "until.open");
  assert.equal(until(3_600_000, 7_200_000, 7_200_001).key, "until.over");
});
