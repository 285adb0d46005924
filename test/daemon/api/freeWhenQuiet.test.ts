/** When a daemon gives memory back, and that it does. */
import { assert, describe, it } from "vitest";
import { freeMemory, watchQuiet } from "../../../daemon/api/freeWhenQuiet.ts";

describe("giving memory back", () => {
  it("waits for quiet after work, and does it once", () => {
    const isMoment = watchQuiet();
    const busy = [2000, 900, 100].map(isMoment);
    assert.deepStrictEqual(busy, [false, false, false]);
    assert.isTrue(isMoment(5));
    assert.deepStrictEqual([5, 5, 99].map(isMoment), [false, false, false]);
  });

  it("is not worth it for next to nothing, until that has added up", () => {
    const isMoment = watchQuiet();
    const moments = Array.from({ length: 40 }, () => isMoment(10));
    assert.deepStrictEqual(
      moments.flatMap((is, index) => (is ? [index + 1] : [])),
      [30],
    );
  });

  it("frees what nobody holds", async () => {
    const garbage = new WeakRef({ text: "x".repeat(1000) });
    // A reference that was made or looked at in this turn is kept to its end.
    await new Promise((resolve) => setImmediate(resolve));
    freeMemory();
    assert.isUndefined(garbage.deref());
  });
});
