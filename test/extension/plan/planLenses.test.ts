/** The lenses of a plan: what is offered depends on the verdict, and nothing of the plan's text acts in them. */
import { assert, describe, it } from "vitest";
import { countFiles, type PlanVerdict } from "../../../extension/plan/PlanVerdict.ts";
import { planLenses } from "../../../extension/plan/planLenses.ts";
import type { Proposal } from "../../../shared/contract/swarmRoutes.ts";

const subtask = (files: ReadonlyArray<string>) => ({
  title: "t",
  files,
  dependencies: [],
  estimated_complexity: 1,
});
const plan = { epic: { title: "All" }, subtasks: [subtask(["src/**"]), subtask(["a.ts", "b.ts"])] };
const text = JSON.stringify(plan, null, 2);
const proposal: Proposal = {
  root: "/r",
  base: "0123456789abcdef",
  target: { kind: "branch", ref: "refs/heads/main" },
  plan,
  planHash: "h",
  warnings: [],
  subtasks: [
    { title: "t", agent: "command:node $(zap)[x](command:y)", patterns: ["src/**"], filesNow: 3 },
    { title: "t", agent: "", patterns: ["a.ts", "b.ts"], filesNow: 0 },
  ],
  checks: [{ check: { name: "test", argv: [], text: "x", hash: "1" }, approved: true }],
  dirty: [
    { path: "a", state: "M" },
    { path: "b", state: "M" },
  ],
  maxWorkers: 2,
};
const good: PlanVerdict = { kind: "good", proposal };
const counts = countFiles(new Map(), proposal);
const titles = (verdict: PlanVerdict, options = { isDraft: true }, of = text, known = counts) =>
  planLenses(of, verdict, known, options).map(({ title }) => title);

describe("planLenses", () => {
  it("offers the approval for a plan without faults, and says what it means", () => {
    const lenses = planLenses(text, good, counts, { isDraft: true });
    const [approve, cancel, ...rest] = lenses;
    assert.deepInclude(approve, { title: "$(play) Approve and start", action: "approve", offset: 0 });
    assert.deepInclude(cancel, { title: "Cancel", action: "cancel", offset: 0 });
    assert.deepStrictEqual(
      rest.filter(({ offset }) => offset === 0).map(({ title }) => title),
      [
        "from main at 0123456, up to 2 agents at once",
        "checked by test",
        "$(warning) agents will not see 2 uncommitted changes",
      ],
    );
  });

  it("says for each subtask how many files match now, and who runs it", () => {
    const lenses = planLenses(text, good, counts, { isDraft: true }).filter(({ offset }) => offset > 0);
    const [first, agent, second] = lenses;
    assert.strictEqual(first?.title, "files that match now: 3");
    assert.strictEqual(text[first?.offset ?? 0], "{");
    assert.strictEqual(second?.title, "files that match now: 0");
    assert.include(agent?.title, "run by command:node");
    assert.notMatch(agent?.title ?? "", /\$\(|\]\(/, "an agent's name is no icon and no link");
  });

  it("offers no approval while there is a fault, or nothing is known", () => {
    const fault = { where: "w", message: "m", severity: "error" } as const;
    const warning = { ...fault, severity: "warning" } as const;
    const others: ReadonlyArray<PlanVerdict> = [
      { kind: "waiting" },
      { kind: "unknown", message: "no daemon" },
      { kind: "faulty", faults: [fault, warning] },
    ];
    for (const verdict of others) {
      const lenses = planLenses(text, verdict, counts, { isDraft: true });
      assert.notInclude(
        lenses.map(({ action }) => action),
        "approve",
      );
      assert.include(titles(verdict), "files that match now: 3", "what was counted stays");
    }
    assert.include(titles({ kind: "faulty", faults: [fault, warning] }), "$(error) 1 fault to mend first");
    assert.include(titles({ kind: "faulty", faults: [fault, fault] }), "$(error) 2 faults to mend first");
  });

  it("counts vanish for files that were changed since", () => {
    const other = text.replace("src/**", "lib/**");
    const left = titles({ kind: "waiting" }, { isDraft: true }, other);
    assert.deepStrictEqual(
      left.filter((title) => title.startsWith("files")),
      ["files that match now: 0"],
    );
  });

  it("a fault elsewhere hides no count: what an earlier proposal said stays", () => {
    const other = {
      ...proposal,
      plan: { ...plan, subtasks: [subtask(["x"])] },
      subtasks: [{ ...proposal.subtasks[0]!, filesNow: 9 }],
    };
    const both = countFiles(counts, other);
    assert.deepStrictEqual([...both.values()], [3, 0, 9]);
  });

  it("a plan of the workspace has nothing to cancel; one without checks says so", () => {
    assert.notInclude(titles(good, { isDraft: false }), "Cancel");
    const unchecked: PlanVerdict = { kind: "good", proposal: { ...proposal, checks: [], dirty: [] } };
    assert.include(titles(unchecked), "$(warning) no checks: nothing judges the work but you");
  });

  it("any text has lenses", () => {
    for (const broken of [
      "",
      "{",
      "[]",
      '{"subtasks": 1}',
      '{"subtasks": [1, null, {"files": 3}, {"files": [2]}]}',
    ])
      assert.include(titles(good, { isDraft: true }, broken), "$(play) Approve and start");
  });
});
