import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderSwarm } from "../../../../daemon/cli/render/renderSwarm.ts";
import { widthOf } from "../../../../daemon/cli/render/text.ts";
import type { SubtaskView, SwarmView } from "../../../../shared/contract/swarmRoutes.ts";
import { began, subtaskView, swarmView, workingView } from "../fakeSwarm.ts";

const later = (ms: number) => new Date(began + ms).toISOString();

const example = swarmView([
  workingView({
    id: "1",
    title: "Add sums",
    status: "merged",
    endedAt: later(13_000),
    changed: ["src/sums.ts"],
  }),
  workingView({ id: "2", title: "Parse amounts", files: ["src/parse/**"], attempts: 2, agent: "RedFox" }),
  workingView({ id: "3", title: "Change the checks", status: "needs-you", files: ["package.json"] }),
  subtaskView({ id: "4", title: "Write the guide", dependencies: ["1", "2", "3"] }),
  workingView({ id: "5", title: "Convert", status: "blocked", attempts: 3, endedAt: later(40_000) }),
]);

const draw = (swarm: SwarmView, width: number, over: { colour?: boolean; height?: number } = {}) =>
  renderSwarm(swarm, {
    width,
    colour: false,
    now: began + 64_000,
    progress: new Map([["2", "writing src/parse/lex.ts"]]),
    ...over,
  });

describe("renderSwarm", () => {
  it("says for each worker its state, elapsed time, agent, files and last line", () => {
    expect(draw(example, 120)).toEqual([
      "Sums of money  ━━━━━───────────────────  1/5 merged  1:04",
      " ✓ 1 Add sums           merged            0:12  BlueLake  src/sums.ts",
      " ▸ 2 Parse amounts      working, try 2    1:03  RedFox    src/parse/**  writing src/parse/lex.ts",
      " ? 3 Change the checks  needs you         1:03  BlueLake  package.json",
      " · 4 Write the guide    after 2, 3",
      " ✗ 5 Convert            blocked           0:39  BlueLake  src/sums.ts",
    ]);
  });

  it("gives up the last line first, then the agent, and keeps the files", () => {
    const working = (width: number) => draw(example, width)[2] ?? "";
    expect(working(80)).toContain("RedFox    src/parse/**");
    expect(working(80)).not.toContain("writing");
    expect(working(62)).toContain("src/parse/**");
    expect(working(62)).not.toContain("RedFox");
  });

  it("names no state at the top while it runs, and the end when there is one", () => {
    expect(draw({ ...example, status: "blocked" }, 120)[0]).toMatch(/blocked$/);
    expect(draw({ ...example, status: "landed", endedAt: later(9_000) }, 120)[0]).toMatch(/0:09 {2}landed$/);
  });

  it("sums up quiet subtasks where there are more than lines, and keeps the busy ones", () => {
    const many = swarmView([
      ...Array.from({ length: 20 }, (_, n) => subtaskView({ id: `w${n}`, title: `Waiting ${n}` })),
      workingView({ id: "busy", title: "Busy" }),
    ]);
    const lines = draw(many, 80, { height: 6 });
    expect(lines).toHaveLength(6);
    expect(lines.join("\n")).toContain("Busy");
    expect(lines.at(-1)).toBe("  … and 17 waiting");
  });

  const statuses: ReadonlyArray<SubtaskView["status"]> = [
    "waiting",
    "starting",
    "running",
    "gate",
    "needs-you",
    "merging",
    "merged",
    "blocked",
    "cancelled",
  ];
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.constantFrom("\u001b[2J\r\n", "日本語の題名"),
  );
  const anySubtask = fc
    .record({
      title: text,
      status: fc.constantFrom(...statuses),
      attempts: fc.nat(3),
      agent: fc.option(fc.constantFrom("BlueLake", "TranquilFjord2")),
      startedAt: fc.option(fc.constant(later(500))),
      files: fc.array(text, { maxLength: 3 }),
      changed: fc.array(text, { maxLength: 3 }),
    })
    .map(subtaskView);

  it("never draws a line wider than the terminal, more lines than it has, or a control character", () => {
    fc.assert(
      fc.property(
        fc.array(anySubtask, { maxLength: 12 }),
        text,
        text,
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 3, max: 20 }),
        (subtasks, title, printed, width, height) => {
          const swarm = swarmView(
            subtasks.map((subtask, index) => ({ ...subtask, id: String(index) })),
            { title },
          );
          const progress = new Map(subtasks.map((_, index) => [String(index), printed]));
          const look = { width, height, colour: false, now: began + 90_000, progress };
          const lines = renderSwarm(swarm, look);
          expect(lines.length).toBeLessThanOrEqual(height);
          for (const line of lines) {
            expect(widthOf(line)).toBeLessThanOrEqual(width);
            expect(line).not.toMatch(/\p{Cc}/u);
          }
          const painted = renderSwarm(swarm, { ...look, colour: true });
          expect(painted.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(lines);
        },
      ),
    );
  });
});
