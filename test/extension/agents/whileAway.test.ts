/** What *While you were away* tells of two moments. */
import { describe, expect, it } from "vitest";
import { leaveAt, momentOf, whileAway } from "../../../extension/views/agents/whileAway.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { modelOf, noon, subtaskOf, swarmOf } from "../hive/models.ts";

const at = new Date(noon);
const cells = (...statuses: ReadonlyArray<SubtaskView["status"]>) =>
  statuses.map((status, index) => subtaskOf(`e.${index + 1}`, { status, title: `Part ${index + 1}` }));
const swarm = (given: Partial<SwarmView>, ...statuses: ReadonlyArray<SubtaskView["status"]>) =>
  modelOf({ swarms: [swarmOf("e", cells(...statuses), { title: "Parser", ...given })] });
const told = (before: ReturnType<typeof modelOf>, after: ReturnType<typeof modelOf>) =>
  whileAway(JSON.parse(JSON.stringify(momentOf(before, at))), after).map(({ text }) => text);

describe("while you were away", () => {
  it("tells nothing when nothing happened", () => {
    const model = swarm({}, "running", "merged", "blocked", "needs-you");
    expect(told(model, model)).toEqual([]);
  });

  it("tells what was merged, what asks, what is blocked, and how the swarm ended", () => {
    const before = swarm({}, "running", "running", "running", "running");
    expect(told(before, swarm({}, "merged", "needs-you", "blocked", "gate"))).toEqual([
      "Part 1 was merged",
      "Part 2 asks for your answer",
      "Part 3 is blocked",
    ]);
    expect(told(before, swarm({ status: "ready" }, "merged", "merged", "merged", "merged"))).toEqual([
      "Parser: 4 cells were merged",
      "Parser is ready to land",
    ]);
    expect(told(swarm({ status: "ready" }, "merged"), swarm({ status: "landed" }, "merged"))).toEqual([
      "Parser landed",
    ]);
    expect(told(swarm({ status: "landed" }, "merged"), swarm({ status: "reverted" }, "merged"))).toEqual([
      "Parser was reverted",
    ]);
  });

  it("tells of a swarm that another window or the command line started", () => {
    expect(told(modelOf({}), swarm({}, "merged"))).toEqual(["Parser was started", "Part 1 was merged"]);
  });

  it("tells of mail that came, not of mail that was there", () => {
    const mail = (id: string) => ({
      id,
      from: "Ann",
      to: ["person"],
      subject: `About ${id}`,
      body: "",
      thread: id,
      importance: "normal" as const,
      at: noon,
    });
    expect(told(modelOf({ mail: [mail("a")] }), modelOf({ mail: [mail("a"), mail("b")] }))).toEqual([
      "Ann wrote: About b",
    ]);
  });

  it("tells nothing of a store that is another than the one it was about", () => {
    const before = { ...swarm({}, "running"), seq: 100 };
    expect(told(before, { ...swarm({}, "merged"), seq: 5 })).toEqual([]);
  });

  it("keeps its moment over a mere glance at the window", () => {
    const moment = (seconds: number) => momentOf(modelOf({}), new Date(at.getTime() + seconds * 1000));
    const back = new Date(at.getTime() + 60_000);
    expect(leaveAt(moment(0), back, moment(62)).at).toBe(moment(0).at);
    expect(leaveAt(moment(0), back, moment(90)).at).toBe(moment(90).at);
    expect(leaveAt(undefined, back, moment(61)).at).toBe(moment(61).at);
  });
});
