/** Rows of a tree view, and what of them is to be drawn anew. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawnRows } from "../../../extension/views/drawnRows.ts";
import { changedRows, childIds, type Row, type RowTree, rowTree } from "../../../extension/views/Row.ts";

const row = (id: string, label: string, children?: ReadonlyArray<Row>): Row => ({
  ref: { id, kind: "test", project: "p" },
  label,
  icon: "circle",
  ...(children === undefined ? {} : { children }),
});

/** What an editor shows that draws only what it is told to, from what it drew before. */
const shown = (tree: RowTree) => {
  const labels = new Map<string, string>();
  const below = new Map<string | undefined, ReadonlyArray<string>>();
  const draw = (id: string) => {
    labels.set(id, tree.rows.get(id)!.label);
    below.set(id, childIds(tree, id));
    for (const child of childIds(tree, id)) draw(child);
  };
  below.set(undefined, tree.roots);
  for (const id of tree.roots) draw(id);
  const text = (id: string): string =>
    `${id}:${labels.get(id)}(${(below.get(id) ?? []).map(text).join(",")})`;
  return {
    redraw: (next: RowTree, ids: ReadonlyArray<string | undefined>) => {
      tree = next;
      for (const id of ids) {
        if (id !== undefined) draw(id);
        else {
          below.set(undefined, next.roots);
          for (const root of next.roots) draw(root);
        }
      }
    },
    text: () => (below.get(undefined) ?? []).map(text).join(","),
  };
};

const rows: fc.Arbitrary<ReadonlyArray<Row>> = fc.letrec<{ rows: ReadonlyArray<Row> }>((tie) => ({
  rows: fc.array(
    fc
      .tuple(
        fc.constantFrom("a", "b", "c", "d", "e", "f"),
        fc.constantFrom("x", "y"),
        fc.option(tie("rows"), { nil: undefined }),
      )
      .map(([id, label, children]) => row(id, label, children)),
    { maxLength: 3, depthIdentifier: "rows" },
  ),
})).rows;

describe("the rows of a view", () => {
  it("are drawn anew where they changed, and the result is as if all were", () => {
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const [old, next] = [rowTree(before), rowTree(after)];
        const view = shown(old);
        view.redraw(next, changedRows(old, next));
        expect(view.text()).toBe(shown(next).text());
      }),
      { numRuns: 500 },
    );
  });

  it("are told to the editor though somebody asked for them in between", () => {
    const step = fc.oneof(
      rows.map((next) => ({ next })),
      fc.constant("ask" as const),
      fc.constant("draw" as const),
    );
    fc.assert(
      fc.property(fc.array(step), rows, (steps, last) => {
        let now: ReadonlyArray<Row> = [];
        const drawn = drawnRows(() => now);
        const view = shown(drawn.current());
        const draw = () => view.redraw(drawn.current(), drawn.draw());
        for (const one of steps) {
          if (one === "ask") drawn.current();
          else if (one === "draw") draw();
          else {
            now = one.next;
            drawn.outdate();
          }
        }
        now = last;
        drawn.outdate();
        drawn.current();
        draw();
        expect(view.text()).toBe(shown(rowTree(last)).text());
      }),
      { numRuns: 300 },
    );
  });

  it("are left alone where nothing changed", () => {
    const build = (label: string) =>
      rowTree([row("a", "A", [row("b", label), row("c", "C", [row("d", "D")])]), row("e", "E")]);
    expect(changedRows(build("B"), build("B"))).toEqual([]);
    expect(changedRows(build("B"), build("new"))).toEqual(["b"]);
    expect(changedRows(build("B"), rowTree([row("e", "E")]))).toEqual([undefined]);
  });

  it("have ids of their own: of two with one id the first is shown", () => {
    const tree = rowTree([
      row("a", "first", [row("b", "child")]),
      row("a", "second"),
      row("c", "C", [row("b", "again")]),
    ]);
    expect(tree.roots).toEqual(["a", "c"]);
    expect(childIds(tree, "a")).toEqual(["b"]);
    expect(childIds(tree, "c")).toEqual([]);
  });
});
