import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { latestLines } from "../../../../daemon/orchestration/swarm/latestLines.ts";

const step = fc.record({
  after: fc.nat({ max: 120 }),
  cell: fc.constantFrom("a", "b", "c"),
  /** Whether the watcher reads then. */
  reads: fc.boolean(),
});

describe("latestLines", () => {
  it("tells at most four lines a second of a cell, and the last one of each in the end", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const lines = latestLines();
        const told = new Map<string, Array<{ readonly at: number; readonly line: string }>>();
        const last = new Map<string, string>();
        let now = 0;
        const read = () => {
          for (const [cell, line] of lines.take(now)) {
            const all = told.get(cell) ?? [];
            told.set(cell, [...all, { at: now, line }]);
          }
        };
        for (const [index, { after, cell, reads }] of steps.entries()) {
          now += after;
          last.set(cell, `${index}`);
          lines.put(cell, `${index}`);
          if (reads) read();
        }
        for (let at = lines.nextAt(); at !== undefined; at = lines.nextAt()) {
          now = Math.max(now, at);
          read();
        }
        for (const [cell, line] of last) {
          const all = told.get(cell) ?? [];
          assert.strictEqual(all.at(-1)?.line, line);
          all.forEach(({ at }, index) => {
            if (index > 0) assert.isAtLeast(at - all[index - 1]!.at, 250);
          });
        }
      }),
    );
  });

  it("wakes a watcher once for lines that it has not taken", () => {
    const lines = latestLines();
    assert.deepStrictEqual(
      [lines.put("a", "1"), lines.put("a", "2"), lines.put("b", "3")],
      [true, false, true],
    );
    assert.deepStrictEqual(lines.take(1000), [
      ["a", "2"],
      ["b", "3"],
    ]);
    assert.isUndefined(lines.nextAt());
  });
});
