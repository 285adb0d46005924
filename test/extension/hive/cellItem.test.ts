import { describe, expect, it } from "vitest";
import { cellItem, sameItem } from "../../../extension/views/hive/cellItem.ts";
import { hiveTree } from "../../../extension/views/hive/hiveTree.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { cellOf, minutesAfterNoon, modelOf, modelOfSwarm, noon, subtaskOf, swarmOf } from "./models.ts";

const now = minutesAfterNoon(3);

const shownCell = (given: Partial<CellView>) =>
  cellItem(hiveTree(modelOf({ cells: [cellOf("a1b2", given)] })).entries.get("a1b2")!, {
    now,
    parent: false,
  });

const shownSubtask = (given: Partial<SubtaskView>, line?: string, swarm: Partial<SwarmView> = {}) => {
  const model = modelOfSwarm(
    swarmOf("e", [subtaskOf("e.1", { title: "First", status: "merged" }), subtaskOf("e.2", given)], swarm),
  );
  return cellItem(hiveTree(model).entries.get("e.2")!, { now, line, parent: false });
};

const shownEpic = (given: Partial<SwarmView>, subtasks: ReadonlyArray<SubtaskView> = []) =>
  cellItem(hiveTree(modelOfSwarm(swarmOf("e", subtasks, given))).entries.get("e")!, { now, parent: true });

describe("a cell of the hive", () => {
  it.each([
    [{ ready: true }, "ready · a1b2", "circle-large-outline"],
    [{ ready: false }, "waits · a1b2", "circle-outline"],
    [
      { status: "in_progress", fields: { assignee: "BlueLake" } },
      "in progress · BlueLake · a1b2",
      "play-circle",
    ],
    [{ status: "blocked" }, "blocked · a1b2", "error"],
    [{ status: "closed" }, "closed · a1b2", "pass"],
    [{ status: "some day" }, "some day · a1b2", "circle-outline"],
  ])("%j is %s", (given, description, icon) => {
    expect(shownCell(given)).toMatchObject({ description, icon });
  });

  it("without a title is called by its id", () => {
    expect(shownCell({ title: "" }).label).toBe("a1b2");
  });
});

describe("a subtask", () => {
  const atWork = { status: "running", attempts: 1, agent: "BlueLake", startedAt: noon } as const;

  it("at work shows its agent, how long, and what was printed last", () => {
    expect(shownSubtask(atWork, "reading src/a.ts").description).toBe(
      "working · BlueLake · 3 min · reading src/a.ts",
    );
  });

  it.each([
    [{ status: "waiting", dependencies: ["e.1"] }, "waits", "circle-outline"],
    [{ status: "waiting", attempts: 1, agent: "BlueLake" }, "try 2 soon · BlueLake", "circle-outline"],
    [{ ...atWork, attempts: 2 }, "working, try 2 · BlueLake · 3 min", "loading~spin"],
    [{ ...atWork, status: "gate" }, "checking · BlueLake · 3 min", "beaker"],
    [{ ...atWork, status: "merging" }, "merging · BlueLake · 3 min", "git-merge"],
    [{ ...atWork, status: "needs-you" }, "needs you · BlueLake", "bell-dot"],
    [
      { ...atWork, status: "blocked", endedAt: "2026-01-02T14:05:00.000Z" },
      "blocked · BlueLake · 2 h 5 min",
      "error",
    ],
    [
      { ...atWork, status: "merged", endedAt: "2026-01-02T12:00:30.000Z" },
      "merged · BlueLake · <1 min",
      "pass",
    ],
    [{ status: "cancelled" }, "cancelled", "circle-slash"],
  ] as const)("%j is %s", (given, description, icon) => {
    expect(shownSubtask(given)).toMatchObject({ description, icon });
  });

  it("says which other it comes after", () => {
    const model = modelOfSwarm(
      swarmOf("e", [subtaskOf("e.1", { title: "First" }), subtaskOf("e.2", { dependencies: ["e.1"] })]),
    );
    expect(cellItem(hiveTree(model).entries.get("e.2")!, { now, parent: false }).description).toBe(
      "after First",
    );
  });

  it("says nothing of what was printed once it is over", () => {
    const over = { ...atWork, status: "merged", endedAt: noon } as const;
    expect(shownSubtask(over, "old line").description).not.toContain("old line");
  });
});

describe("an epic", () => {
  const done = subtaskOf("e.1", { status: "merged" });
  it.each([
    ["running", {}, "running"],
    ["running", { paused: true }, "pausing"],
    ["paused", { paused: true }, "paused"],
    ["interrupted", {}, "interrupted"],
    ["interrupted", { problem: "the disk is full" }, "stopped"],
    ["needs-you", {}, "needs you"],
    ["blocked", {}, "blocked"],
    ["ready", {}, "ready to land"],
    ["ready", { refusal: { message: "no", paths: [] } }, "landing refused"],
    ["landing", {}, "landing"],
    ["landed", {}, "landed"],
    ["reverting", {}, "reverting"],
    ["reverted", {}, "reverted"],
    ["cancelled", {}, "cancelled"],
    ["discarded", {}, "discarded"],
  ] as const)("%s %j is %s", (status, given, word) => {
    const { description } = shownEpic({ status, ...given }, [done, subtaskOf("e.2")]);
    expect(description).toBe(`1/2 · ${word} · 3 min · e`);
  });

  it("is open at first while it is not over", () => {
    expect(shownEpic({ status: "running" }).open).toBe(true);
    expect(shownEpic({ status: "landed" }).open).toBe(false);
  });
});

describe("what others wrote", () => {
  const evil = "$(zap)[x](command:y)\u001b[31m\nred";
  it("stays text: no icons, no links, no line ends, no escape codes", () => {
    const items = [
      shownCell({ title: evil, status: evil, fields: { assignee: evil } }),
      shownSubtask({ title: evil, status: "running", agent: evil, attempts: 1, startedAt: noon }, evil),
      shownEpic({ title: evil }),
    ];
    for (const { label, description, spoken } of items) {
      for (const text of [label, description, spoken]) {
        expect(text).not.toMatch(/\$\(|\]\(|\p{Cc}/u);
        expect(text).not.toContain("[31m");
      }
    }
  });
});

describe("a screen reader", () => {
  it("hears the title, then everything that the line shows", () => {
    expect(shownSubtask({ title: "Second", status: "blocked" }).spoken).toBe("Second, blocked");
  });
});

describe("a node is another", () => {
  it("when only its tooltip is", () => {
    const before = shownCell({ ready: false, waiting_for: ["it waits for a"] });
    const after = shownCell({ ready: false, waiting_for: ["it waits for b"] });
    expect(sameItem(before, before)).toBe(true);
    expect(sameItem(before, after)).toBe(false);
  });
});
