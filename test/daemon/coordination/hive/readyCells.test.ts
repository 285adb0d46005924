import fc from "fast-check";
import { assert, describe, it } from "vitest";
import { type Cell, readyCells } from "../../../../daemon/coordination/hive/readyCells.ts";

const ids = ["a", "b", "c", "d", "e", "f"];
const id = fc.constantFrom(...ids);
const change = fc.record({
  id,
  status: fc.constantFrom("open", "open", "closed", "in_progress", "tombstone", "strange"),
  parent: fc.option(id),
  dependencies: fc.array(
    fc.record({
      depends_on_id: id,
      type: fc.constantFrom("blocks", "parent-child", "related", "discovered-from"),
    }),
    { maxLength: 3 },
  ),
});

/** Straight from the definition, with nothing remembered. */
const isReady = (cells: ReadonlyMap<string, Cell>, start: string): boolean => {
  if (cells.get(start)?.fields.status !== "open") return false;
  const family = [start];
  for (let at = 0; at < family.length; at++) {
    const cell = cells.get(family[at]!);
    for (const one of cell?.dependencies ?? []) {
      const blocker = cells.get(one.depends_on_id)?.fields.status;
      if (one.type === "blocks" && blocker !== "closed" && blocker !== "tombstone") return false;
    }
    const above = [
      cell?.fields.parent_id,
      ...(cell?.dependencies ?? [])
        .filter((one) => one.type === "parent-child")
        .map((one) => one.depends_on_id),
    ];
    for (const one of above) if (typeof one === "string" && !family.includes(one)) family.push(one);
  }
  return true;
};

describe("ready cells", () => {
  it("are the same kept up to date as found afresh, cycles and gaps included", () => {
    let ready = 0;
    let checked = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
        const cells = new Map<string, Cell>();
        const kept = readyCells(cells);
        for (const { id, status, parent, dependencies } of changes) {
          const stamped = dependencies.map((one) => ({ ...one, created_at: "", created_by: "" }));
          cells.set(id, { id, fields: { status, parent_id: parent }, dependencies: stamped });
          kept.changed(id);
          const expected = ids.filter((one) => isReady(cells, one));
          assert.sameMembers([...kept.ids], expected);
          for (const one of ids) assert.strictEqual(kept.reasons(one).length === 0, expected.includes(one));
          ready += expected.length;
          checked += cells.size;
        }
      }),
      { numRuns: 1000 },
    );
    assert.isAbove(ready, checked / 20);
  });
});
