import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HiveFilter, type HiveTree, hiveTree } from "../../../extension/views/hive/hiveTree.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import { cellOf, modelOf, noon, subtaskOf, swarmOf } from "./models.ts";

const hidden: HiveFilter = { hideClosed: true, keep: new Set() };

/** Every id below a parent, as often as it is there. */
const all = (tree: HiveTree, parent?: string): ReadonlyArray<string> =>
  tree.childrenOf(parent).flatMap((id) => [id, ...all(tree, id)]);

describe("the tree", () => {
  it("puts children below their parent, in the order of the plan", () => {
    const cells = ["e.10", "e.2", "e", "e.1"].map((id) => cellOf(id, id === "e" ? {} : { parent_id: "e" }));
    const tree = hiveTree(modelOf({ cells }));
    expect(tree.childrenOf(undefined)).toEqual(["e"]);
    expect(tree.childrenOf("e")).toEqual(["e.1", "e.2", "e.10"]);
    expect(tree.parentOf("e.2")).toBe("e");
  });

  it("takes a dependency on the parent for the parent", () => {
    const child = cellOf("b", { dependencies: [{ depends_on_id: "a", type: "parent-child" }] });
    expect(hiveTree(modelOf({ cells: [child, cellOf("a")] })).childrenOf("a")).toEqual(["b"]);
  });

  it("shows at the top first what is worked on, then what is open by priority, then what is closed", () => {
    const tree = hiveTree(
      modelOf({
        cells: [
          cellOf("done-early", { status: "closed", fields: { closed_at: "2026-01-01T00:00:00.000Z" } }),
          cellOf("done-late", { status: "closed", fields: { closed_at: "2026-01-02T00:00:00.000Z" } }),
          cellOf("idle", { priority: 2 }),
          cellOf("urgent", { priority: 0 }),
          cellOf("old"),
          cellOf("new"),
        ],
        swarms: [
          swarmOf("old", [], { startedAt: "2026-01-01T00:00:00.000Z" }),
          swarmOf("new", [], { startedAt: noon }),
        ],
      }),
    );
    expect(tree.childrenOf(undefined)).toEqual(["new", "old", "urgent", "idle", "done-late", "done-early"]);
  });

  it("has what only a swarm knows, and leaves out what was deleted", () => {
    const model = modelOf({
      cells: [cellOf("gone", { status: "tombstone" })],
      swarms: [swarmOf("e", [subtaskOf("e.1")])],
    });
    expect(all(hiveTree(model))).toEqual(["e", "e.1"]);
  });

  it("hides what is closed, but not what leads to something open, nor what the person went to", () => {
    const cells = [
      cellOf("a", { status: "closed" }),
      cellOf("a.1", { status: "closed", parent_id: "a" }),
      cellOf("a.1.1", { parent_id: "a.1" }),
      cellOf("b", { status: "closed" }),
      cellOf("b.1", { status: "closed", parent_id: "b" }),
    ];
    expect(all(hiveTree(modelOf({ cells }), hidden))).toEqual(["a", "a.1", "a.1.1"]);
    const kept = { hideClosed: true, keep: new Set(["b.1"]) };
    expect(all(hiveTree(modelOf({ cells }), kept))).toEqual(["a", "a.1", "a.1.1", "b", "b.1"]);
  });

  const id = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const anyCell: fc.Arbitrary<CellView> = fc
    .record({
      id,
      parent: fc.option(id),
      status: fc.constantFrom("open", "closed", "in_progress", "tombstone", "someday"),
      also: fc.option(id),
    })
    .map(({ id, parent, status, also }) =>
      cellOf(id, {
        parent_id: parent,
        status,
        dependencies: also === null ? [] : [{ depends_on_id: also, type: "parent-child" }],
      }),
    );

  it("has each cell exactly once, whatever the parents are said to be, and every way up ends", () => {
    fc.assert(
      fc.property(fc.array(anyCell), fc.boolean(), (cells, hideClosed) => {
        const model = modelOf({ cells });
        const tree = hiveTree(model, { hideClosed, keep: new Set() });
        const shown = all(tree);
        expect(new Set(shown).size).toBe(shown.length);
        const wanted = [...model.cells.values()]
          .filter(({ status }) => status !== "tombstone" && !(hideClosed && status === "closed"))
          .map((cell) => cell.id);
        expect(shown).toEqual(expect.arrayContaining(wanted));
        if (!hideClosed) expect(shown.toSorted()).toEqual(wanted.toSorted());
        for (const one of shown) {
          let at: string | undefined = one;
          for (let steps = 0; at !== undefined; steps++) {
            expect(steps).toBeLessThanOrEqual(cells.length);
            at = tree.parentOf(at);
          }
        }
      }),
    );
  });
});
