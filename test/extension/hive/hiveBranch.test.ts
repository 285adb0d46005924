import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProjectModel } from "../../../extension/project/ProjectModel.ts";
import { hiveBranch, pageSize, type Refresh } from "../../../extension/views/hive/hiveBranch.ts";
import { type HiveFilter, showAll } from "../../../extension/views/hive/hiveTree.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import { fakeTree } from "./FakeTree.ts";
import { cellOf, minutesAfterNoon, modelOf, modelOfSwarm, noon, subtaskOf, swarmOf } from "./models.ts";

const now = minutesAfterNoon(1);
const plain = (refresh: Refresh) => ({
  parents: [...refresh.parents],
  cells: [...refresh.cells],
  rests: [...refresh.rests],
});
const nothing = { parents: [], cells: [], rests: [] };

const opened = (model: ProjectModel, filter: HiveFilter = showAll) => {
  const branch = hiveBranch(model, filter);
  const tree = fakeTree(branch, now);
  const become = (next: ProjectModel, changed: ReadonlyArray<string> | undefined, at = now) => {
    const refresh = branch.update({
      model: next,
      filter,
      changed: changed === undefined ? undefined : new Set(changed),
      now: at,
    });
    tree.refresh(refresh, at);
    return plain(refresh);
  };
  return { branch, tree, become };
};

describe("what is drawn again", () => {
  const working = (line: string | undefined, status: "running" | "merged" = "running") =>
    modelOfSwarm(
      swarmOf("e", [
        subtaskOf("e.1", { status, attempts: 1, agent: "BlueLake", startedAt: noon }),
        subtaskOf("e.2", { status: "running", attempts: 1, agent: "RedFox", startedAt: noon }),
      ]),
      line === undefined ? {} : { "e.1": line },
    );

  it("is the one cell whose agent printed something", () => {
    const { become, tree } = opened(working(undefined));
    const before = tree.asked();
    expect(become(working("reading"), ["e.1"])).toEqual({ ...nothing, cells: ["e.1"] });
    expect(tree.asked() - before).toBe(1);
    expect(tree.find("e.1")?.item.description).toContain("reading");
  });

  it("is nothing when a change is not to be seen", () => {
    const { become } = opened(working("reading"));
    expect(become(working("reading"), ["e", "e.1", "e.2"])).toEqual(nothing);
  });

  it("is a cell and its epic when it is merged, not its neighbour", () => {
    const { become } = opened(working(undefined));
    expect(become(working(undefined, "merged"), ["e", "e.1", "e.2"]).cells.toSorted()).toEqual(["e", "e.1"]);
  });

  it("is what takes longer, when time goes on", () => {
    const { become } = opened(working(undefined, "merged"));
    expect(become(working(undefined, "merged"), undefined, minutesAfterNoon(5)).cells).toContain("e.2");
  });

  it("is the parent when a child comes", () => {
    const { become } = opened(modelOf({ cells: [cellOf("a"), cellOf("b")] }));
    const next = modelOf({ cells: [cellOf("a"), cellOf("b"), cellOf("a.1", { parent_id: "a" })] });
    expect(become(next, ["a.1"])).toEqual({ ...nothing, cells: ["a"] });
    const more = modelOf({ cells: [...next.cells.values(), cellOf("a.2", { parent_id: "a" })] });
    expect(become(more, ["a.2"])).toEqual({ ...nothing, parents: ["a"] });
  });
});

describe("a large hive", () => {
  const many = (count: number, more: Partial<CellView> = {}) =>
    modelOf({
      cells: [
        cellOf("e"),
        ...Array.from({ length: count }, (_, index) => cellOf(`e.${index + 1}`, { parent_id: "e", ...more })),
      ],
    });

  it("is shown 200 at a time", () => {
    const { branch, tree } = opened(many(1000));
    expect(tree.find("e")?.below.length).toBe(pageSize);
    expect(tree.find("e")?.rest).toBe(800);
    branch.showMore("e");
    expect(branch.page("e")).toMatchObject({ rest: 600 });
  });

  it("does not hide one cell behind a line that says so", () => {
    expect(hiveBranch(many(pageSize + 1), showAll).page("e").rest).toBe(0);
  });

  it("is told of a new cell beyond the page by its number only", () => {
    const { become } = opened(many(1000));
    expect(become(many(1001), ["e.1001"])).toEqual({ ...nothing, rests: ["e"] });
  });

  it("has a page that is long enough for a cell that one goes to", () => {
    const branch = hiveBranch(many(1000), showAll);
    expect([...branch.uncover("e.777")]).toEqual(["e"]);
    expect(branch.page("e").cells).toContain("e.777");
    expect(branch.page("e").cells.length).toBe(800);
    expect([...branch.uncover("e.3")]).toEqual([]);
  });
});

describe("openness", () => {
  it("is decided once: an epic that landed while one looked stays open", () => {
    const epic = (status: "running" | "landed") =>
      modelOfSwarm(swarmOf("e", [subtaskOf("e.1", { status: "merged" })], { status }));
    const { branch, become } = opened(epic("running"));
    expect(branch.item("e", now)?.open).toBe(true);
    become(epic("landed"), ["e"]);
    expect(branch.item("e", now)?.open).toBe(true);
    expect(hiveBranch(epic("landed"), showAll).item("e", now)?.open).toBe(false);
  });
});

/** A history: each step changes some cells, or what is hidden, or asks for more. */
const id = fc.constantFrom("a", "b", "c", "d", "a.1", "a.2", "b.1");
const anyCell = fc
  .record({
    id,
    title: fc.constantFrom("one", "two"),
    parent: fc.option(id),
    status: fc.constantFrom("open", "closed", "in_progress", "tombstone"),
    ready: fc.boolean(),
  })
  .map(({ id, title, parent, status, ready }) =>
    cellOf(id, { title, parent_id: parent, status, ready, waiting_for: ready ? [] : ["it waits"] }),
  );
const anySwarm = fc
  .record({
    epic: fc.constantFrom("a", "b"),
    status: fc.constantFrom("running", "ready", "landed", "needs-you"),
    subtask: fc.constantFrom("waiting", "running", "merged", "blocked"),
    line: fc.constantFrom("x", "y"),
  } as const)
  .map(({ epic, status, subtask, line }) => ({
    line,
    swarm: swarmOf(epic, [subtaskOf(`${epic}.1`, { status: subtask, attempts: 1, startedAt: noon })], {
      status,
    }),
  }));
const anyStep = fc.record({
  cells: fc.array(anyCell, { maxLength: 3 }),
  swarm: fc.option(anySwarm),
  hideClosed: fc.boolean(),
});

describe("any history", () => {
  it("leaves the editor with what it would be given anew, and asks for nothing that is as it was", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
        let model = modelOf({});
        let filter: HiveFilter = showAll;
        const branch = hiveBranch(model, filter);
        const tree = fakeTree(branch, now);
        for (const { cells, swarm, hideClosed } of steps) {
          const next = {
            ...model,
            cells: new Map([...model.cells, ...cells.map((cell) => [cell.id, cell] as const)]),
            ...(swarm !== null && {
              swarms: new Map(model.swarms).set(swarm.swarm.epic, swarm.swarm),
              lines: new Map(model.lines).set(`${swarm.swarm.epic}.1`, swarm.line),
            }),
          };
          model = next;
          if (filter.hideClosed !== hideClosed) filter = { hideClosed, keep: new Set() };
          const changed = new Set([
            ...cells.map((cell) => cell.id),
            ...(swarm === null ? [] : [swarm.swarm.epic, `${swarm.swarm.epic}.1`]),
          ]);
          const before = structuredClone(tree.top);
          const refresh = branch.update({ model, filter, changed, now });
          const told = [...refresh.cells].map((cell) => tree.find(cell)!.item);
          tree.refresh(refresh, now);
          const fresh = fakeTree(hiveBranch(model, filter), now);
          expect(withoutOpenness(tree.top)).toEqual(withoutOpenness(fresh.top));
          [...refresh.cells].forEach((cell, index) => {
            expect({ ...tree.find(cell)!.item, open: false }).not.toEqual({ ...told[index]!, open: false });
          });
          if (refresh.parents.has(undefined))
            expect(cellsOf(tree.top.below)).not.toEqual(cellsOf(before.below));
        }
      }),
      { numRuns: 300 },
    );
  });
});

type Below = {
  readonly below: ReadonlyArray<Below>;
  readonly rest: number;
  readonly cell?: string;
  readonly item?: object;
};

/** Whether a node is open is settled when it is first shown, so it may differ from that of one shown now. */
const withoutOpenness = ({ below, rest, cell, item }: Below): Below => ({
  rest,
  below: below.map(withoutOpenness),
  ...(cell === undefined ? {} : { cell, item: { ...item, open: false } }),
});

const cellsOf = (lines: ReadonlyArray<{ readonly cell: string }>) => lines.map(({ cell }) => cell);
