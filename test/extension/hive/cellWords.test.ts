import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cellWords } from "../../../extension/views/hive/cellWords.ts";
import { hiveTree } from "../../../extension/views/hive/hiveTree.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { cellOf, modelOf, modelOfSwarm, noon, subtaskOf, swarmOf } from "./models.ts";

const ofCell = (given: Partial<CellView>) =>
  cellWords(hiveTree(modelOf({ cells: [cellOf("a", given)] })).entries.get("a")!);
const ofSwarm = (id: string, status: SwarmView["status"], subtask: Partial<SubtaskView>) =>
  cellWords(hiveTree(modelOfSwarm(swarmOf("e", [subtaskOf("e.1", subtask)], { status }))).entries.get(id)!);
const ofEpic = (status: SwarmView["status"], subtask: Partial<SubtaskView> = {}) =>
  ofSwarm("e", status, subtask);
const ofSubtask = (subtask: Partial<SubtaskView>, status: SwarmView["status"] = "running") =>
  ofSwarm("e.1", status, subtask);

describe("what may be done", () => {
  it("with a cell that no swarm works on: begin, close, reopen", () => {
    expect(ofCell({ ready: true })).toBe("cell ready open");
    expect(ofCell({ ready: false })).toBe("cell open");
    expect(ofCell({ status: "closed", ready: false })).toBe("cell closed");
  });

  it("with a swarm depends on how far it is", () => {
    expect(ofEpic("running")).toBe("epic swarm active cancel discard");
    expect(ofEpic("interrupted")).toBe("epic swarm active cancel discard resume");
    expect(ofEpic("paused")).toBe("epic swarm active cancel discard resume");
    expect(ofEpic("ready", { status: "merged" })).toBe("epic swarm active discard land sendBack diff");
    expect(ofEpic("landing", { status: "merged" })).toBe("epic swarm active diff");
    expect(ofEpic("landed", { status: "merged" })).toBe("epic swarm revert diff");
    expect(ofEpic("cancelled")).toBe("epic swarm");
  });

  it("with a subtask depends on its attempt", () => {
    const atWork = {
      status: "running",
      attempts: 1,
      agent: "BlueLake",
      startedAt: noon,
      folder: "/w",
    } as const;
    expect(ofSubtask({})).toBe("subtask swarm active");
    expect(ofSubtask(atWork)).toBe("subtask swarm active agent log diff folder");
    expect(ofSubtask({ ...atWork, status: "needs-you", folder: null })).toBe(
      "subtask swarm active log diff answer sendBack",
    );
    expect(ofSubtask({ ...atWork, status: "blocked", folder: null })).toBe(
      "subtask swarm active log diff retry",
    );
    expect(ofSubtask({ ...atWork, status: "blocked", folder: null }, "cancelled")).toBe(
      "subtask swarm log diff",
    );
  });

  it("is never begun, closed or reopened by hand while it is a swarm's", () => {
    for (const status of ["waiting", "running", "merged"] as const)
      expect(ofSubtask({ status })).not.toMatch(/\b(ready|open|closed)\b/);
  });
});

interface Menu {
  readonly command: string;
  readonly when?: string;
}

describe("package.json", () => {
  const { contributes } = JSON.parse(
    readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
  ) as {
    readonly contributes: { readonly menus: Readonly<Record<string, ReadonlyArray<Menu>>> };
  };
  const menu = (contributes.menus["view/item/context"] ?? []).filter(({ when }) =>
    when?.includes("view == vibe.hive"),
  );
  const shownOn = (words: string) =>
    new Set(
      menu
        .filter(({ when }) =>
          new RegExp(/viewItem =~ \/(.*?)\/(?: |$)/.exec(when ?? "")?.[1] ?? "^$").test(words),
        )
        .map(({ command }) => command.replace("vibe.", "")),
    );

  it("asks for words that nodes have", () => {
    const known = new Set(
      "cell subtask epic swarm active open closed ready agent log diff folder answer sendBack retry cancel discard resume land revert planning more project".split(
        " ",
      ),
    );
    for (const { when } of menu) {
      const asked = /\\b\(?([a-zA-Z|]+)\)?\\b/.exec(when ?? "")?.[1]?.split("|") ?? [];
      expect(asked.length, when).toBeGreaterThan(0);
      for (const word of asked) expect(known, when).toContain(word);
    }
  });

  it("offers each action where it can be done, and nowhere else", () => {
    expect(shownOn("planning")).toEqual(new Set(["cancelPlanning"]));
    expect(shownOn("more")).toEqual(new Set());
    expect(shownOn("cell ready open")).toEqual(new Set(["startCell", "closeCell", "copyCellId"]));
    expect(shownOn("cell closed")).toEqual(new Set(["reopenCell", "copyCellId"]));
    expect(shownOn("subtask swarm active agent log diff folder")).toEqual(
      new Set([
        "showDiffNow",
        "openDiff",
        "openLog",
        "openCheckout",
        "openCheckoutTerminal",
        "messageAgent",
        "copyCellId",
      ]),
    );
    expect(shownOn("subtask swarm active log diff retry")).toEqual(
      new Set(["retryCell", "openDiff", "openLog", "copyCellId"]),
    );
    expect(shownOn("epic swarm revert diff")).toEqual(new Set(["revertEpic", "openDiff", "copyCellId"]));
    expect(shownOn("epic swarm active discard land sendBack diff")).toEqual(
      new Set(["landEpic", "sendBack", "discardEpic", "openDiff", "copyCellId"]),
    );
  });
});
