import assert from "node:assert/strict";
import { test } from "node:test";
import { alignColumns } from "../src/table.ts";

test("columns are as wide as their widest cell", () => {
  assert.deepEqual(
    alignColumns([
      ["a", "10", "x"],
      ["long", "2", ""],
    ]),
    ["a     10  x", "long   2"],
  );
});

test("no rows, no lines", () => {
  assert.deepEqual(alignColumns([]), []);
});
