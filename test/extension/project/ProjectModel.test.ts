import fc from "fast-check";
import { assert, describe, it } from "vitest";
import {
  applyUpdate,
  emptyModel,
  type ModelChange,
  type ProjectModel,
} from "../../../extension/project/ProjectModel.ts";
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { ProjectUpdate } from "../../../shared/contract/projectRoutes.ts";
import type { LeaseView } from "../../../shared/contract/reservationRoutes.ts";

const some = <A>(one: fc.Arbitrary<A>) => fc.array(one, { maxLength: 3 });
const text = fc.constantFrom("a", "b", "c");
const cell = fc.record({ id: text, title: text, status: fc.constantFrom("open", "closed", "tombstone") }).map(
  (its): CellView => ({
    ...its,
    issue_type: "task",
    priority: 2,
    fields: {},
    parent_id: null,
    dependencies: [],
    ready: its.status === "open",
    waiting_for: [],
  }),
);
const agent = fc.record({ name: text, over: fc.boolean() }).map(
  ({ name, over }): AgentView => ({
    name,
    kind: "session",
    registeredAt: "x",
    ...(over && { endedAt: "y" }),
  }),
);
const lease = fc
  .record({ lease: text, token: fc.nat({ max: 3 }) })
  .map((its): LeaseView => ({ ...its, holder: "h", patterns: ["x"], exclusive: true }));
const update: fc.Arbitrary<ProjectUpdate> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("snapshot" as const),
      seq: fc.nat(),
      project: fc.constant({ id: "p", root: "/r" }),
      cells: some(cell).map((cells) => cells.filter(({ status }) => status !== "tombstone")),
      swarms: fc.constant([]),
      agents: some(agent).map((agents) => agents.filter(({ endedAt }) => endedAt === undefined)),
      leases: some(lease),
      queue: fc.constant([]),
      mail: fc.constant([]),
      paused: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record(
      {
        kind: fc.constant("changes" as const),
        seq: fc.nat(),
        cells: some(cell),
        agents: some(agent),
        leases: fc.record({ granted: some(lease), ended: some(fc.constantFrom("d", "e")) }),
        paused: fc.boolean(),
      },
      { requiredKeys: ["kind", "seq"] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("progress" as const), cell: text, line: text }) },
);

/** What differs between two models. */
const differing = (before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>) =>
  [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key));

const covers = (change: ModelChange, before: ProjectModel, after: ProjectModel) => {
  if (change.whole) return;
  for (const part of ["cells", "swarms", "agents", "lines"] as const) {
    assert.includeMembers([...change[part]], differing(before[part], after[part]), part);
    if (change[part].size === 0)
      assert.strictEqual(after[part], before[part], `${part} are left as they are`);
  }
  for (const part of ["leases", "queue", "mail", "paused"] as const)
    if (!change[part]) assert.strictEqual(after[part], before[part], part);
};

describe("applyUpdate", () => {
  it("names every element that it changes, leaves the others as they are, and never touches the model before", () => {
    fc.assert(
      fc.property(fc.array(update, { maxLength: 12 }), (updates) => {
        let model = emptyModel;
        for (const one of updates) {
          const copy = structuredClone(model);
          const { model: next, change } = applyUpdate(model, one);
          assert.deepStrictEqual(model, copy);
          covers(change, model, next);
          model = next;
        }
      }),
    );
  });

  it("puts each element in the place of the one before, and lets go what is gone", () => {
    const all = new Map<string, unknown>();
    fc.assert(
      fc.property(fc.array(update, { maxLength: 12 }), (updates) => {
        all.clear();
        let model = emptyModel;
        for (const one of updates) {
          ({ model } = applyUpdate(model, one));
          if (one.kind === "progress") continue;
          if (one.kind === "snapshot") all.clear();
          for (const each of one.cells ?? []) {
            if (each.status === "tombstone") all.delete(each.id);
            else all.set(each.id, each);
          }
          assert.strictEqual(model.seq, one.seq);
          assert.deepStrictEqual([...model.cells].sort(), [...all].sort());
          for (const each of one.agents ?? [])
            assert.strictEqual(
              model.agents.has(each.name),
              one.agents?.findLast(({ name }) => name === each.name)?.endedAt === undefined,
            );
          if (one.kind === "changes")
            for (const id of one.leases?.ended ?? []) assert.isFalse(model.leases.has(id));
        }
      }),
    );
  });
});
