import fc from "fast-check";
import { assert, describe, it } from "vitest";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import {
  emptySwarm,
  evolveSwarm,
  getSwarmSummary,
  hasSwarmSignature,
  isSwarmActive,
  projectSwarmState,
} from "../../../shared/contract/swarmState.ts";

const epic = "ab12";
let seq = 0;
const event = (type: string, data: object): StoredEvent => ({
  seq: ++seq,
  id: `${seq}`,
  tenant: "local",
  project: "p",
  stream: `swarm/${epic}`,
  type,
  version: 1,
  data: data as StoredEvent["data"],
  actor: "daemon",
  at: new Date(1e12 + seq * 1000).toISOString(),
  correlation: null,
  causation: null,
});

const cells = [1, 2, 3, 4, 5].map((n) => `${epic}.${n}`);
const created = event("epic_created", {
  epic,
  plan: { epic: { title: "Add Auth" }, subtasks: [] },
  cells: cells.map((id) => ({ id, title: id, files: [id], dependencies: [], agent: "command:true" })),
  root: "/r",
  base: "b0",
  target: { kind: "branch", ref: "refs/heads/main" },
  checks: [],
  maxWorkers: 2,
});
const spawn = (cell: string, attempt: number) =>
  event("spawn_intended", {
    cell,
    attempt,
    epic,
    agent: "BlueLake",
    spec: "",
    base: "b0",
    folder: "f",
    marker: "m",
  });
const exit = (cell: string, attempt: number, outcome: string) =>
  event("subtask_exited", { cell, attempt, outcome, exitCode: 0, tree: "t", findings: [], droppedOutput: 0 });
const failed = (cell: string, attempt: number) =>
  event("gate_failed", {
    cell,
    attempt,
    stage: "cell",
    findings: [{ kind: "check-failed", message: "red" }],
    results: [],
  });
const merge = (cell: string, attempt: number) => [
  spawn(cell, attempt),
  exit(cell, attempt, "done"),
  event("gate_passed", { cell, attempt, stage: "cell", tree: "t", files: ["x"], results: [] }),
  event("merge_intended", { cell, attempt, ref: "r", old: "b0", new: "n", commit: "c" }),
  event("subtask_merged", { cell, attempt, commit: "c", head: "n" }),
];

describe("projectSwarmState", () => {
  it("knows a swarm by its events, also when every cell is closed", () => {
    assert.isFalse(hasSwarmSignature(projectSwarmState([created])));
    const three = projectSwarmState([created, ...cells.slice(0, 3).flatMap((cell) => merge(cell, 1))]);
    assert.isTrue(hasSwarmSignature(three));
    assert.isTrue(isSwarmActive(three));
    assert.strictEqual(
      getSwarmSummary(three),
      'Epic "Add Auth" (ab12, active): 3/5 subtasks complete, 2 pending',
    );
    assert.deepStrictEqual([...three.completed], cells.slice(0, 3));
    const landed = [
      ...cells.flatMap((cell) => merge(cell, 1)),
      event("epic_ready", { epic, head: "n", results: [] }),
      event("landed", { epic, ref: "r", commit: "n" }),
    ];
    const over = projectSwarmState([created, ...landed]);
    assert.isFalse(isSwarmActive(over));
    assert.isTrue(hasSwarmSignature(over));
  });

  it("counts a refusal as a strike, and an interruption as none", () => {
    const [cell] = cells as [string];
    const state = projectSwarmState([
      created,
      spawn(cell, 1),
      exit(cell, 1, "interrupted"),
      spawn(cell, 2),
      exit(cell, 2, "done"),
      failed(cell, 2),
    ]);
    const subtask = state.subtasks.get(cell)!;
    assert.deepStrictEqual([subtask.phase, subtask.strikes, subtask.attempts.length], ["waiting", 1, 2]);
    assert.strictEqual(subtask.findings[0]?.message, "red");
  });

  it("spends an approval of one commit when landing is refused, and keeps one in advance", () => {
    const ready = [created, event("epic_ready", { epic, head: "n", results: [] })];
    const refused = event("landing_refused", { epic, message: "dirty", paths: [] });
    const afterRefusal = (commit: string | null) =>
      projectSwarmState([
        ...ready,
        event("landing_approved", { epic, commit, unchecked: false }),
        refused,
      ]).epics.get(epic)!;
    assert.isUndefined(afterRefusal("n").approval);
    assert.isDefined(afterRefusal(null).approval);
    assert.strictEqual(afterRefusal("n").status, "ready");
  });

  it("is a pure fold: any prefix, in any number of steps, with events of other kinds between", () => {
    const history = [
      created,
      ...cells.flatMap((cell) => [spawn(cell, 1), exit(cell, 1, "done"), failed(cell, 1), ...merge(cell, 2)]),
    ];
    const foreign = event("something_new", { cell: cells[0] });
    fc.assert(
      fc.property(fc.nat(history.length), fc.nat(history.length), (cut, at) => {
        const prefix = history.slice(0, cut);
        const noisy = [...prefix.slice(0, at), foreign, ...prefix.slice(at)];
        const before = projectSwarmState(prefix.slice(0, at));
        const frozen = JSON.stringify([...before.subtasks]);
        const stepped = noisy.reduce(evolveSwarm, emptySwarm);
        assert.deepStrictEqual(stepped, projectSwarmState(prefix));
        prefix.slice(at).reduce(evolveSwarm, before);
        assert.strictEqual(JSON.stringify([...before.subtasks]), frozen);
      }),
    );
  });
});
