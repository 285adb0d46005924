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

const ready = [
  created,
  ...cells.flatMap((cell) => merge(cell, 1)),
  event("epic_ready", { epic, head: "n", results: [] }),
];
const stateOf = (...events: ReadonlyArray<StoredEvent>) => projectSwarmState(events).epics.get(epic)!;
const rework = `${epic}.6`;
const sentBack = [
  event("work_sent_back", { epic, head: "n", cell: rework, of: [cells[0]], findings: [] }),
  event("subtask_added", {
    epic,
    cell: { id: rework, title: "r", files: ["x"], dependencies: [], agent: "command:true", asked: [] },
    findings: [{ kind: "sent-back", message: "otherwise" }],
  }),
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

  it("is at work again when something is sent back, also while it is said to be ready or refused", () => {
    const approved = event("landing_approved", { epic, commit: null, unchecked: false });
    const after = stateOf(...ready, approved, ...sentBack);
    assert.strictEqual(after.status, "active");
    assert.isUndefined(after.approval);
    const late = [
      event("epic_ready", { epic, head: "n", results: [] }),
      event("landing_refused", { epic, message: "the target moved", paths: [] }),
    ];
    for (const one of late)
      assert.strictEqual(stateOf(...ready, ...sentBack, one).status, "active", one.type);
    const done = stateOf(...ready, ...sentBack, ...merge(rework, 1), late[0]!);
    assert.strictEqual(done.status, "ready");
  });

  it("forgets the strikes of a blocked subtask that is retried, and not what was wrong", () => {
    const [cell] = cells as [string];
    const tries = [1, 2, 3].flatMap((n) => [spawn(cell, n), exit(cell, n, "done"), failed(cell, n)]);
    const findings = [{ kind: "check-failed", message: "red" }];
    const blocked = [created, ...tries, event("subtask_blocked", { cell, findings })];
    const state = projectSwarmState([...blocked, event("subtask_retried", { epic, cell })]);
    const subtask = state.subtasks.get(cell)!;
    assert.deepStrictEqual([subtask.phase, subtask.strikes, subtask.attempts.length], ["waiting", 0, 3]);
    assert.notProperty(subtask, "endedAt");
    assert.deepStrictEqual(subtask.findings, findings as typeof subtask.findings);
  });

  it("is taken back only when that is done; a refusal leaves it landed", () => {
    const move = { epic, method: "update-ref", ref: "r", old: "n", new: "v", paths: [] };
    const approved = event("revert_approved", { epic, commit: "n" });
    const landed = [...ready, event("landed", { epic, ref: "r", commit: "n" })];
    const intended = [...landed, approved, event("revert_intended", move)];
    assert.strictEqual(stateOf(...landed, approved).status, "reverting");
    assert.isTrue(isSwarmActive(projectSwarmState(intended)));
    const refused = stateOf(...intended, event("revert_refused", { epic, message: "dirty", paths: ["x"] }));
    assert.deepInclude(refused, { status: "landed", refusal: { message: "dirty", paths: ["x"] } });
    assert.notProperty(refused, "revert");
    const reverted = [...intended, event("reverted", { epic, ref: "r", commit: "v" })];
    assert.strictEqual(stateOf(...reverted).status, "reverted");
    assert.isFalse(isSwarmActive(projectSwarmState(reverted)));
  });

  it("is a pure fold: any prefix, in any number of steps, with events of other kinds between", () => {
    const history = [
      created,
      ...cells.flatMap((cell) => [spawn(cell, 1), exit(cell, 1, "done"), failed(cell, 1), ...merge(cell, 2)]),
      event("swarm_paused", { epic }),
      ...sentBack,
      event("swarm_unpaused", { epic }),
      event("subtask_retried", { epic, cell: rework }),
      event("subtask_retried", { epic, cell: "of nobody" }),
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
