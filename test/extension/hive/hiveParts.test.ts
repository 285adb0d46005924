import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { elapsed } from "../../../extension/views/hive/elapsed.ts";
import { hiveNodes } from "../../../extension/views/hive/HiveNode.ts";
import { refreshQueue } from "../../../extension/views/hive/refreshQueue.ts";
import { waitsForYou } from "../../../extension/views/hive/waitsForYou.ts";
import { minutesAfterNoon, modelOf, noon, subtaskOf, swarmOf } from "./models.ts";

describe("elapsed", () => {
  it.each([
    [0, "<1 min"],
    [-5, "<1 min"],
    [1, "1 min"],
    [59.9, "59 min"],
    [60, "1 h"],
    [125, "2 h 5 min"],
    [60 * 24, "1 d 0 h"],
    [60 * 50, "2 d 2 h"],
  ])("%d minutes are %s", (minutes, text) => {
    expect(elapsed(noon, minutesAfterNoon(minutes))).toBe(text);
  });

  it("of what is no time is short", () => {
    expect(elapsed("yesterday", Date.now())).toBe("<1 min");
  });
});

describe("nodes", () => {
  const part = fc.array(fc.constantFrom("a", "/", "%2F", "."), { maxLength: 3 }).map((some) => some.join(""));
  it("have ids of their own, and are one object each", () => {
    fc.assert(
      fc.property(part, part, part, part, (project, cell, otherProject, otherCell) => {
        const nodes = hiveNodes();
        const [one, other] = [nodes.cell(project, cell), nodes.cell(otherProject, otherCell)];
        expect(one === other).toBe(project === otherProject && cell === otherCell);
        expect(one.id === other.id).toBe(one === other);
        const ids = [
          one.id,
          nodes.more(project, cell === "" ? undefined : cell).id,
          nodes.planning(project, cell).id,
          nodes.project(project).id,
        ];
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the queue of refreshes", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("draws at once, then at most four times a second, and once for all that came meanwhile", () => {
    const draw = vi.fn();
    const queue = refreshQueue(draw, 250);
    queue.ask();
    expect(draw).toHaveBeenCalledTimes(1);
    for (let at = 0; at < 1000; at++) {
      queue.ask();
      vi.advanceTimersByTime(1);
    }
    expect(draw).toHaveBeenCalledTimes(5);
    vi.advanceTimersByTime(5000);
    expect(draw).toHaveBeenCalledTimes(5);
    queue.ask();
    expect(draw).toHaveBeenCalledTimes(6);
  });

  it("loses nothing: what came last is drawn", () => {
    let value = 0;
    let drawn = -1;
    const queue = refreshQueue(() => {
      drawn = value;
    }, 250);
    for (value = 1; value <= 10; value++) queue.ask();
    value = 10;
    vi.advanceTimersByTime(250);
    expect(drawn).toBe(10);
  });

  it("draws what was asked for when told to, and nothing after it was disposed of", () => {
    const draw = vi.fn();
    const queue = refreshQueue(draw, 250);
    queue.ask();
    queue.ask();
    queue.flush();
    expect(draw).toHaveBeenCalledTimes(2);
    queue.ask();
    queue.dispose();
    vi.advanceTimersByTime(1000);
    expect(draw).toHaveBeenCalledTimes(2);
  });
});

describe("what waits for you", () => {
  const message = { from: "BlueLake", to: ["person"], subject: "?", body: "", thread: "t", at: noon };

  it("is what stands still without you, the most pressing first", () => {
    const model = modelOf({
      swarms: [
        swarmOf("ready", [], { status: "ready" }),
        swarmOf("stopped", [], { status: "interrupted" }),
        swarmOf("busy", [
          subtaskOf("busy.1", { status: "blocked" }),
          subtaskOf("busy.2", { status: "needs-you" }),
          subtaskOf("busy.3", { status: "running" }),
        ]),
      ],
      mail: [
        { ...message, id: "m1", importance: "normal" },
        { ...message, id: "m2", importance: "normal", replyTo: "d1" },
        { ...message, id: "m3", importance: "urgent" },
      ],
    });
    expect(waitsForYou(model)).toEqual([
      { kind: "question", message: "m2" },
      { kind: "question", message: "m3" },
      { kind: "answer", epic: "busy", cell: "busy.2" },
      { kind: "blocked", epic: "busy", cell: "busy.1" },
      { kind: "stopped", epic: "stopped" },
      { kind: "land", epic: "ready" },
    ]);
  });

  it("is nothing of a swarm that is over, or that you paused", () => {
    const over = (["landed", "reverted", "cancelled", "discarded"] as const).map((status) =>
      swarmOf(status, [subtaskOf(`${status}.1`, { status: "blocked" })], { status }),
    );
    const paused = swarmOf("paused", [subtaskOf("paused.1")], { status: "paused", paused: true });
    expect(waitsForYou(modelOf({ swarms: [...over, paused] }))).toEqual([]);
  });
});
