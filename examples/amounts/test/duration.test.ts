import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "../src/duration.ts";

test("a duration is read part by part", () => {
  assert.equal(parseDuration("1h 30m"), 5_400_000);
  assert.equal(parseDuration(" 2d  5s "), 172_805_000);
});

test("what is no duration is refused", () => {
  for (const text of ["", "soon", "5 m", "3w", "-1h"]) assert.throws(() => parseDuration(text), RangeError);
});

test("a duration is written in its largest units", () => {
  assert.equal(formatDuration(5_400_000), "1h 30m");
  assert.equal(formatDuration(61_500), "1m 1s");
  assert.equal(formatDuration(0), "0s");
});

test("a negative duration is refused", () => {
  assert.throws(() => formatDuration(-1), RangeError);
});
