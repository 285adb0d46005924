import { describe, expect, it } from "vitest";
import type { ProjectModel } from "../../../extension/project/ProjectModel.ts";
import { cellTooltip } from "../../../extension/views/hive/cellTooltip.ts";
import { hiveTree } from "../../../extension/views/hive/hiveTree.ts";
import { cellOf, minutesAfterNoon, modelOf, modelOfSwarm, noon, subtaskOf, swarmOf } from "./models.ts";

const now = minutesAfterNoon(3);

const tooltip = (model: ProjectModel, id: string) => {
  const tree = hiveTree(model);
  return cellTooltip(tree, tree.entries.get(id)!, { now });
};
/** As lines, for reading. */
const lines = (model: ProjectModel, id: string) =>
  tooltip(model, id).flatMap((part) =>
    part.kind === "list"
      ? [`${part.name}:`, ...part.items.map((item) => `- ${item}`)]
      : part.kind === "fact"
        ? [`${part.name}: ${part.text}`]
        : [part.text],
  );

describe("a cell's tooltip", () => {
  it("says why it is not ready, and what it depends on, by title", () => {
    const model = modelOf({
      cells: [
        cellOf("a", { title: "Parse" }),
        cellOf("b", {
          title: "Print",
          ready: false,
          waiting_for: ["it waits for a (open)"],
          dependencies: [
            { depends_on_id: "a", type: "blocks" },
            { depends_on_id: "elsewhere", type: "related" },
          ],
          fields: { description: "Prints\nit.", labels: ["cli"], assignee: "Ada" },
        }),
      ],
    });
    expect(lines(model, "b")).toEqual([
      "Print",
      "Cell: b",
      "State: waits",
      "Prints it.",
      "Not ready:",
      "- it waits for a (open)",
      "Depends on:",
      "- a, Parse (ready)",
      "Related:",
      "- elsewhere",
      "Assignee: Ada",
      "Labels:",
      "- cli",
    ]);
  });

  it("of a subtask says what the swarm waits with, and what was found in its work", () => {
    const first = subtaskOf("e.1", { title: "First", status: "running" });
    const waiting = subtaskOf("e.2", { dependencies: ["e.1"] });
    expect(lines(modelOfSwarm(swarmOf("e", [first, waiting])), "e.2")).toContain("- it waits for e.1, First");
    const free = subtaskOf("e.2", {});
    expect(lines(modelOfSwarm(swarmOf("e", [free], { paused: true })), "e.2")).toContain(
      "- the swarm is paused",
    );
    expect(lines(modelOfSwarm(swarmOf("e", [free])), "e.2")).toContain(
      "- it waits for its files, or for a free agent",
    );
    const blocked = subtaskOf("e.2", {
      status: "blocked",
      attempts: 3,
      agent: "BlueLake",
      startedAt: noon,
      endedAt: "2026-01-02T12:02:00.000Z",
      files: ["src/a.ts"],
      findings: [
        { kind: "outside-lease", message: "is outside", path: "b.ts" },
        { kind: "agent-failed", message: "it ended with 1" },
      ],
    });
    expect(lines(modelOfSwarm(swarmOf("e", [blocked])), "e.2")).toEqual(
      expect.arrayContaining([
        "Agent: BlueLake",
        "Attempts: 3",
        "Time: 2 min",
        "Files:",
        "- src/a.ts",
        "Findings:",
        "- b.ts: is outside",
        "- it ended with 1",
      ]),
    );
  });

  it("of an epic says how far it is, and why it did not land", () => {
    const refused = swarmOf("e", [subtaskOf("e.1", { status: "merged" })], {
      status: "ready",
      refusal: { message: "You changed these.", paths: ["a.ts"] },
    });
    expect(lines(modelOfSwarm(refused), "e")).toEqual(
      expect.arrayContaining(["Merged: 1 of 1", "Refused: You changed these.", "In the way:", "- a.ts"]),
    );
  });

  it("does not grow without end", () => {
    const files = Array.from({ length: 1000 }, (_, index) => `src/${index}.ts`);
    const shown = lines(modelOfSwarm(swarmOf("e", [subtaskOf("e.1", { files })])), "e.1");
    expect(shown.length).toBeLessThan(20);
    expect(shown).toContain("- and 992 more");
  });
});
