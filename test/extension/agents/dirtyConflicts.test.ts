/** Whose work meets the person's uncommitted changes. */
import { describe, expect, it } from "vitest";
import { leaseLookup } from "../../../extension/reserved/LeaseLookup.ts";
import { dirtyConflicts, suspects } from "../../../extension/views/agents/dirtyConflicts.ts";
import { subtaskOf, swarmOf } from "../hive/models.ts";

const leases = leaseLookup(false);
const lease = (id: string, cell: string, patterns: ReadonlyArray<string>) =>
  [id, { lease: id, token: 1, holder: cell, cell, epic: "e", patterns, exclusive: true }] as const;
leases.update(
  new Map([lease("l1", "e.1", ["src/**"]), lease("l2", "e.2", ["docs/**"]), lease("l3", "e.3", ["src/x"])]),
);

const swarm = swarmOf("e", [
  subtaskOf("e.1", { status: "running", attempts: 1 }),
  subtaskOf("e.2", { status: "running", attempts: 1 }),
  subtaskOf("e.3", { status: "waiting" }),
  subtaskOf("e.4", { status: "merged", attempts: 1, changed: ["a.ts", "b.ts"] }),
]);

describe("the person's uncommitted changes", () => {
  it("make a suspect of each worker that holds one of them, and of no other", () => {
    expect(suspects([swarm], leases, ["src/x", "other"])).toEqual([{ epic: "e", cell: "e.1" }]);
    expect(suspects([swarm], leases, [])).toEqual([]);
    expect(suspects([{ ...swarm, status: "landed" }], leases, ["src/x"])).toEqual([]);
  });

  it("are met where a worker has changed the same file, or a merged cell has", () => {
    const dirty = ["src/x", "b.ts", "docs/y"];
    const now = new Map([
      ["e.1", ["src/x", "src/z"]],
      ["e.2", ["docs/other"]],
    ]);
    expect([...dirtyConflicts([swarm], dirty, now)]).toEqual([
      ["e.1", ["src/x"]],
      ["e.4", ["b.ts"]],
    ]);
    expect(dirtyConflicts([{ ...swarm, status: "landed" }], dirty, now).size).toBe(0);
  });
});
