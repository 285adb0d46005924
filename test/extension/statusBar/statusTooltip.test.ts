import { describe, expect, it } from "vitest";
import { statusTooltip } from "../../../extension/statusBar/statusTooltip.ts";
import { minutesAfterNoon, modelOf, modelOfSwarm, noon, subtaskOf, swarmOf } from "../hive/models.ts";

const now = minutesAfterNoon(3);

describe("the status bar's tooltip", () => {
  it("has a line for each cell, what waits for you first, and not what was printed", () => {
    const model = modelOfSwarm(
      swarmOf("e", [
        subtaskOf("e.1", { title: "Done", status: "merged" }),
        subtaskOf("e.2", {
          title: "Busy",
          status: "running",
          agent: "BlueLake",
          attempts: 1,
          startedAt: noon,
        }),
        subtaskOf("e.3", { title: "Stuck", status: "blocked" }),
      ]),
      { "e.2": "reading" },
    );
    expect(statusTooltip({ spoken: "Agents are at work.", models: [model], now })).toEqual([
      { kind: "title", text: "Agents are at work." },
      {
        kind: "list",
        name: "Title of e",
        items: ["Stuck · blocked", "Busy · working · BlueLake · 3 min", "Done · merged"],
      },
      { kind: "text", text: "Tokens and money: not reported by these agents." },
    ]);
  });

  it("stays short, and is silent of swarms that are over", () => {
    const many = Array.from({ length: 50 }, (_, index) => subtaskOf(`e.${index}`));
    const [, cells] = statusTooltip({ spoken: "", models: [modelOfSwarm(swarmOf("e", many))], now });
    expect(cells).toMatchObject({ kind: "list" });
    expect(cells?.kind === "list" && cells.items.at(-1)).toBe("and 38 more");
    const over = modelOf({ swarms: [swarmOf("e", many, { status: "landed", endedAt: noon })] });
    expect(statusTooltip({ spoken: "Landed.", models: [over], now })).toEqual([
      { kind: "title", text: "Landed." },
    ]);
  });
});
