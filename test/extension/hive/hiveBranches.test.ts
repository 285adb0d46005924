import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelChange, ProjectModel } from "../../../extension/project/ProjectModel.ts";
import { everything } from "../../../extension/project/ProjectModel.ts";
import type { HiveNode } from "../../../extension/views/hive/HiveNode.ts";
import { type HiveProject, hiveBranches, refreshPause } from "../../../extension/views/hive/hiveBranches.ts";
import { cellOf, modelOf, modelOfSwarm, noon, subtaskOf, swarmOf } from "./models.ts";

const none: ModelChange = {
  ...everything,
  whole: false,
  leases: false,
  queue: false,
  mail: false,
  paused: false,
};

const window = (names: ReadonlyArray<string>) => {
  const models = new Map<string, ProjectModel>(names.map((name) => [name, modelOf({})]));
  const projects: Array<HiveProject> = names.map((name) => ({
    commonDir: name,
    root: name,
    model: () => models.get(name)!,
    state: () => "live",
  }));
  const drawn: Array<ReadonlyArray<string> | undefined> = [];
  let hides = false;
  const branches = hiveBranches({
    projects: { all: () => projects },
    hidesClosed: () => hides,
    redraw: (nodes: ReadonlyArray<HiveNode> | undefined) => drawn.push(nodes?.map(({ id }) => id)),
  });
  /** What the editor does: it asks for everything there is. */
  const look = () => {
    for (const project of projects) {
      const ask = (parent: string | undefined) => {
        for (const cell of branches.branchOf(project).page(parent).cells) {
          branches.branchOf(project).item(cell, Date.parse(noon));
          ask(cell);
        }
      };
      ask(undefined);
    }
  };
  return {
    branches,
    projects,
    drawn,
    look,
    become: (name: string, model: ProjectModel, change: Partial<ModelChange>) => {
      models.set(name, model);
      branches.changed(projects.find(({ root }) => root === name)!, { ...none, ...change });
    },
    hide: (value: boolean) => {
      hides = value;
      branches.changedAll();
    },
  };
};

const rest = () => vi.advanceTimersByTime(refreshPause);

beforeEach(() => void vi.useFakeTimers({ now: Date.parse(noon) }));
afterEach(() => void vi.useRealTimers());

describe("the view of a window", () => {
  it("draws everything when a cell comes at the top of the only project", () => {
    const { become, look, drawn } = window(["a"]);
    look();
    become("a", modelOf({ cells: [cellOf("x")] }), { cells: new Set(["x"]) });
    expect(drawn).toEqual([undefined]);
  });

  it("draws the project where there are several, and the cells of another in the same stroke", () => {
    const { become, look, drawn } = window(["a", "b"]);
    become("b", modelOf({ cells: [cellOf("y")] }), { whole: true });
    look();
    rest();
    drawn.length = 0;
    become("b", modelOf({ cells: [cellOf("y", { title: "other" })] }), { cells: new Set(["y"]) });
    look();
    become("a", modelOf({ cells: [cellOf("x")] }), { cells: new Set(["x"]) });
    become("b", modelOf({ cells: [cellOf("y", { title: "third" })] }), { cells: new Set(["y"]) });
    rest();
    expect(drawn).toEqual([["cell/b/y"], ["project/a/", "cell/b/y"]]);
  });

  it("draws the subtasks that a swarm's change made others, and those only", () => {
    const { become, look, drawn } = window(["a"]);
    const swarm = (status: "running" | "merged", line: string) =>
      modelOfSwarm(
        swarmOf("e", [subtaskOf("e.1", { status: "waiting" }), subtaskOf("e.2", { status, attempts: 1 })]),
        { "e.2": line },
      );
    become("a", swarm("running", "x"), { whole: true });
    look();
    rest();
    drawn.length = 0;
    become("a", swarm("running", "y"), { lines: new Set(["e.2"]) });
    rest();
    become("a", swarm("merged", "y"), { swarms: new Set(["e"]) });
    expect(drawn).toEqual([["cell/a/e.2"], ["cell/a/e", "cell/a/e.2"]]);
  });

  it("draws nothing for mail, leases and what is not to be seen", () => {
    const { become, look, drawn } = window(["a"]);
    look();
    become("a", modelOf({}), { mail: true, leases: true, agents: new Set(["BlueLake"]) });
    rest();
    expect(drawn).toEqual([]);
  });

  it("hides what is closed, and shows a hidden cell again to who goes there", () => {
    const { branches, become, look, hide, projects } = window(["a"]);
    const cells = [cellOf("open"), cellOf("done", { status: "closed" })];
    become("a", modelOf({ cells }), { whole: true });
    look();
    hide(true);
    const shown = () => branches.branchOf(projects[0]!).page(undefined).cells;
    expect(shown()).toEqual(["open"]);
    expect(branches.reach("a", "done")?.id).toBe("cell/a/done");
    expect(shown()).toEqual(["open", "done"]);
    hide(false);
    hide(true);
    expect(shown()).toEqual(["open"]);
    expect(branches.reach("a", "nowhere")).toBeUndefined();
  });

  it("finds a cell that came a moment ago, before it was drawn", () => {
    const { branches, become, look } = window(["a"]);
    become("a", modelOf({ cells: [cellOf("x")] }), { whole: true });
    look();
    become("a", modelOf({ cells: [cellOf("x"), cellOf("y")] }), { cells: new Set(["y"]) });
    expect(branches.reach("a", "y")?.id).toBe("cell/a/y");
  });

  it("draws what takes longer when time goes on", () => {
    const { branches, become, look, drawn } = window(["a"]);
    const atWork = subtaskOf("e.1", { status: "running", agent: "BlueLake", attempts: 1, startedAt: noon });
    become("a", modelOfSwarm(swarmOf("e", [atWork, subtaskOf("e.2")])), { whole: true });
    look();
    rest();
    drawn.length = 0;
    vi.advanceTimersByTime(120_000);
    branches.tick();
    expect(drawn).toEqual([["cell/a/e", "cell/a/e.1"]]);
  });
});
