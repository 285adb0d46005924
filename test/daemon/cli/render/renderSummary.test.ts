import { describe, expect, it } from "vitest";
import { renderLanding, renderSummary } from "../../../../daemon/cli/render/renderSummary.ts";
import { began, subtaskView, swarmView, workingView } from "../fakeSwarm.ts";

const look = { colour: false };
const ended = new Date(began + 31_000).toISOString();
const output = Array.from({ length: 30 }, (_, n) => `line ${n}`).join("\n");

describe("renderSummary", () => {
  it("tells who did what, and what was refused and why, with the end of a long output", () => {
    const message = `The check "test" failed (exit code 1):\n${output}`;
    const refusals = [
      {
        attempt: 1,
        agent: "GreenElk",
        stage: "cell" as const,
        findings: [{ kind: "check-failed" as const, message }],
      },
    ];
    const merged = workingView({
      refusals,
      status: "merged",
      attempts: 2,
      agent: "RedFox",
      endedAt: ended,
      changed: ["a", "b"],
    });
    const swarm = swarmView([merged], { status: "ready" });
    expect(renderSummary(swarm, look)).toEqual([
      "Sums of money (shop-a1b2): ready to land on main, as 2222222",
      "  ✓ 1. Add sums: RedFox, 2 attempts, 0:30, a, b",
      "      attempt 1 (GreenElk) was refused:",
      '        The check "test" failed (exit code 1):',
      ...Array.from({ length: 12 }, (_, n) => `          line ${n + 18}`),
    ]);
  });

  it("says what is blocked, what waits for it and what waits for the person", () => {
    const swarm = swarmView(
      [
        workingView({ id: "1", status: "blocked", attempts: 3 }),
        subtaskView({ id: "2", title: "Guide", dependencies: ["1"] }),
        workingView({
          id: "3",
          title: "Checks",
          status: "needs-you",
          findings: [{ kind: "weakens-checks", message: "package.json's test script was changed" }],
        }),
      ],
      { status: "blocked" },
    );
    expect(renderSummary(swarm, look)).toEqual([
      "Sums of money (shop-a1b2): blocked",
      "  0 of 3 subtasks merged.",
      "  ✗ 1. Add sums: blocked after 3 attempts",
      "  · 2. Guide: waits for 1",
      "  ? 3. Checks: BlueLake changed what judges the work, so it waits for you (3)",
      "        package.json's test script was changed",
    ]);
  });

  it("gives the reason when the daemon stopped or the landing was refused", () => {
    const refusal = { message: "a.txt has changes of yours.", paths: ["a.txt"] };
    const swarm = swarmView([], { status: "ready", refusal, problem: "the disk is full" });
    const text = renderSummary(swarm, look).join("\n");
    expect(text).toContain("It stopped: the disk is full");
    expect(text).toContain("Not landed: a.txt has changes of yours.");
    expect(renderLanding({ ...swarm, status: "landed", refusal: null }, look)).toEqual([
      "Sums of money (shop-a1b2): landed on main, as 2222222",
    ]);
    // What landed stays landed when taking it back is refused.
    expect(renderLanding({ ...swarm, status: "landed" }, look)).toContain(
      "  Not taken back: a.txt has changes of yours.",
    );
  });
});
