/** What the *Landing* view shows. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filesKey } from "../../../extension/views/landing/cellRow.ts";
import { type LandingFacts, landingRows } from "../../../extension/views/landing/landingRows.ts";
import { verdictOf } from "../../../extension/views/landing/verdictOf.ts";
import { type Row, rowTree } from "../../../extension/views/Row.ts";
import { type SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { noon, subtaskOf, swarmOf } from "../hive/models.ts";

const project = "/p/.git";
const rows = (swarms: ReadonlyArray<SwarmView>, given: Partial<LandingFacts> = {}) =>
  landingRows({
    project,
    swarms: new Map(swarms.map((swarm) => [swarm.epic, swarm])),
    files: new Map(),
    conflicts: new Map(),
    now: new Date(noon),
    ...given,
  });
const labels = (all: ReadonlyArray<Row> | undefined) => (all ?? []).map((row) => row.label);
const words = (row: Row | undefined) => row?.words?.split(" ") ?? [];
const merged = subtaskOf("e.1", { status: "merged", attempts: 1, changed: ["src/a.ts"] });
const passed = { name: "test", passed: true, exitCode: 0, durationMs: 1234, output: "ok" };
const failed = { name: "lint", passed: false, exitCode: 1, durationMs: 5, output: "src/a.ts:3:1 bad" };

describe("the Landing view", () => {
  it("puts what can be landed first and what landed last, and leaves out what was thrown away", () => {
    const of = (epic: string, status: SwarmView["status"], endedAt: string | null = null) =>
      swarmOf(epic, [{ ...merged, id: `${epic}.1` }], { status, title: epic, endedAt });
    const all = [
      of("old", "landed", "2026-01-01T00:00:00.000Z"),
      of("new", "landed", noon),
      of("run", "running"),
      of("ready", "ready"),
      of("gone", "discarded"),
      of("ended", "cancelled"),
      of("ask", "needs-you"),
      swarmOf("none", [subtaskOf("none.1", { status: "running", attempts: 1 })]),
    ];
    expect(labels(rows(all))).toEqual(["ready", "ask", "run", "new", "old"]);
  });

  it("offers to land, send back and discard what is ready, and to revert what landed", () => {
    const [ready] = rows([swarmOf("e", [merged], { status: "ready" })]);
    expect(words(ready)).toEqual(expect.arrayContaining(["land", "sendBack", "discard", "diff"]));
    expect(words(ready)).not.toContain("revert");
    expect(words(ready?.children?.[0])).toContain("sendBack");
    const [landed] = rows([swarmOf("e", [merged], { status: "landed" })]);
    expect(words(landed)).toContain("revert");
    for (const word of ["land", "sendBack", "discard"]) expect(words(landed)).not.toContain(word);
    expect(words(landed?.children?.[0])).not.toContain("sendBack");
  });

  it("says what the gate says: each check, the refusal, what it found in a cell", () => {
    const held = subtaskOf("e.2", {
      status: "needs-you",
      attempts: 1,
      findings: [{ kind: "weakens-checks", message: "deletes a test", path: "a.test.ts" }],
    });
    const [epic] = rows([
      swarmOf("e", [merged, held], {
        status: "ready",
        checks: ["test", "lint"],
        results: [passed, failed],
        refusal: { message: "a.ts is dirty", paths: ["a.ts"] },
      }),
    ]);
    expect(labels(epic?.children)).toEqual(["a.ts is dirty", "test", "lint", "Title of e.1", "Title of e.2"]);
    expect(epic?.children?.[1]).toMatchObject({ description: "passed in 1.2 s", icon: "pass" });
    expect(epic?.children?.[2]).toMatchObject({ description: "failed", tooltip: ["src/a.ts:3:1 bad"] });
    expect(epic?.children?.[4]?.children).toMatchObject([
      { label: "deletes a test", description: "a.test.ts" },
    ]);
  });

  it("asks for the files of a cell when it is opened, and for those of another attempt anew", () => {
    const swarm = swarmOf("e", [merged], { status: "ready" });
    const cell = (files: LandingFacts["files"], subtask: SubtaskView = merged) =>
      rows([{ ...swarm, subtasks: [subtask] }], { files })[0]?.children?.[0];
    expect(cell(new Map())).toMatchObject({ later: true });
    const files = new Map([
      [
        filesKey(project, swarm, merged),
        [
          { path: "src/a.ts", status: "modified" as const, binary: false },
          { path: "b.png", oldPath: "a.png", status: "renamed" as const, binary: true },
        ],
      ],
    ]);
    const known = cell(files);
    expect(known?.later).toBeUndefined();
    expect(known?.children).toMatchObject([
      {
        label: "a.ts",
        description: "src · M",
        click: "vibe.openDiff",
        ref: { path: "src/a.ts", cell: "e.1" },
      },
      { label: "b.png", description: "binary · R", tooltip: ["b.png", "before: a.png"] },
    ]);
    expect(cell(files, { ...merged, attempts: 2 })).toMatchObject({ later: true });
    const problem = new Map([[filesKey(project, swarm, merged), "the daemon was stopped"]]);
    expect(labels(cell(problem)?.children)).toEqual(["the daemon was stopped"]);
  });

  it("warns where landing would meet the person's uncommitted changes", () => {
    const [epic] = rows([swarmOf("e", [merged], { status: "ready" })], {
      conflicts: new Map([["e.1", ["src/a.ts"]]]),
    });
    expect(epic?.children?.[0]).toMatchObject({
      label: "Meets your uncommitted changes",
      description: "src/a.ts",
    });
  });

  it("has rows for every state of a swarm, with ids of their own", () => {
    const statuses = SwarmView.fields.status.literals;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...statuses), { maxLength: 40 }), (some) => {
        const swarms = some.map((status, index) =>
          swarmOf(`e${index}`, [{ ...merged, id: `e${index}.1` }], { status, results: [passed, passed] }),
        );
        const all = rows(swarms);
        expect(labels(all)).not.toContain("");
        // Two checks of one name are one row, since no two rows may share an id.
        const ids = all.flatMap((row) => row.ref.id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(rowTree(all).roots).toEqual(ids);
      }),
    );
  });
});

describe("the gate's verdict", () => {
  const of = (given: Partial<SwarmView>) => verdictOf(swarmOf("e", [merged], given));
  it("is one of passed, failed, unchecked, or not known yet", () => {
    expect(of({ checks: ["test"], results: [passed] })).toMatchObject({
      kind: "passed",
      word: "checks passed",
    });
    expect(of({ checks: ["lint"], results: [passed, failed] })).toMatchObject({
      kind: "failed",
      word: "lint failed",
    });
    expect(of({ checks: [] })).toMatchObject({ kind: "unchecked" });
    expect(of({ checks: ["test"], results: [] })).toMatchObject({ kind: "open" });
    const held = subtaskOf("e.2", { status: "needs-you" });
    expect(verdictOf(swarmOf("e", [held], { checks: [] })).word).toBe("1 change needs your answer");
  });
});
