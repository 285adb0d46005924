import { describe, expect, it } from "vitest";
import { renderPlan } from "../../../../daemon/cli/render/renderPlan.ts";
import type { Proposal } from "../../../../shared/contract/swarmRoutes.ts";

const check = {
  name: "test",
  argv: ["npm", "run", "test"],
  text: "npm run test\ntest: node --test",
  hash: "h",
};

const proposal: Proposal = {
  root: "/somewhere/shop",
  base: "1111111111111111111111111111111111111111",
  target: { kind: "branch", ref: "refs/heads/main" },
  plan: {
    epic: { title: "Sums of money", description: "So that nobody rounds by hand." },
    subtasks: [
      { title: "Add sums", files: ["src/sums/**"], dependencies: [], estimated_complexity: 2 },
      {
        title: "Guide",
        description: "One page.",
        files: ["GUIDE.md"],
        dependencies: [0],
        estimated_complexity: 1,
      },
    ],
  },
  planHash: "p",
  warnings: [{ where: "plan", message: "two subtasks say the opposite", severity: "warning" }],
  subtasks: [
    { title: "Add sums", agent: "command:node add.js", filesNow: 12, patterns: ["src/sums/**"] },
    { title: "Guide", agent: "command:node write.js", filesNow: 1, patterns: ["GUIDE.md"] },
  ],
  checks: [{ check, approved: false }],
  setup: { check: { ...check, name: "setup", text: "npm ci" }, approved: true },
  dirty: [{ path: "src/a.ts", state: "modified" }],
  maxWorkers: 2,
};

const text = (over: Partial<Proposal> = {}) =>
  renderPlan({ ...proposal, ...over }, { colour: false, width: 80 }).join("\n");

describe("renderPlan", () => {
  it("tells all that the person approves", () => {
    expect(text()).toBe(`Plan: Sums of money
  So that nobody rounds by hand.

  1. Add sums
     files  src/sums/** (12 files now)
     agent  command:node add.js

  2. Guide, after 1
     One page.
     files  GUIDE.md (1 file now)
     agent  command:node write.js

Work starts from main at 1111111, with up to 2 agents at once.
Agents run as you, in checkouts of their own; nothing reaches your branch before you land it.
Each checkout is made ready by:
  npm ci
Work is taken only when these pass:
  npm run test   (to be approved)
    test: node --test
Agents will not see your uncommitted changes (1 path), and they stay as they are:
  modified  src/a.ts
Warning: plan: two subtasks say the opposite`);
  });

  it("says when nothing would judge the work, and when HEAD is detached", () => {
    const bare = text({ checks: [], target: { kind: "detached" } });
    expect(bare).toContain("No checks were found");
    expect(bare).toContain("Work starts from HEAD, which is detached, at 1111111");
  });

  it("counts what it does not list of a very dirty tree", () => {
    const dirty = Array.from({ length: 14 }, (_, n) => ({ path: `f${n}`, state: "untracked" }));
    expect(text({ dirty })).toContain("f9\n  and 4 more");
  });

  it("shows a command from the repository without its control characters", () => {
    const sly = { ...check, text: "npm test\u001b[1A\u001b[2K" };
    expect(text({ checks: [{ check: sly, approved: false }] })).toContain(
      "\n  npm test   (to be approved)\n",
    );
  });
});

describe("a long description", () => {
  it("is broken between words, and none is lost", () => {
    const description = "many words that stand in one long line and averyveryverylongwordthatfitsnowhere too";
    const plan = { ...proposal.plan, epic: { ...proposal.plan.epic, description } };
    const lines = renderPlan({ ...proposal, plan }, { colour: false, width: 24 }).slice(1, 7);
    expect(lines.join("\n")).toContain("  many words that stand\n  in one long line and\n  averyvery");
  });
});
