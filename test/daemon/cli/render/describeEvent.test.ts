import { describe, expect, it } from "vitest";
import { describeEvent } from "../../../../daemon/cli/render/describeEvent.ts";
import { storedEvent, swarmView, workingView } from "../fakeSwarm.ts";

const cell = "shop-a1b2.1";
const swarm = swarmView([workingView({ id: cell })]);
const textOf = (event: ReturnType<typeof storedEvent>, view = swarm) =>
  describeEvent(event, view)?.replace(/^\d\d:\d\d:\d\d /, "");

describe("describeEvent", () => {
  it("begins with the time of day", () => {
    expect(describeEvent(storedEvent("swarm_resumed", { epic: "shop-a1b2" }))).toMatch(
      /^\d\d:\d\d:\d\d shop-a1b2 resumed$/,
    );
  });

  it("says who was refused and for what, by the first line of the first finding", () => {
    const event = storedEvent("gate_failed", {
      cell,
      attempt: 1,
      stage: "cell",
      findings: [
        {
          kind: "outside-lease",
          path: "src/x.ts",
          message: "src/x.ts was changed, and it is outside.\nmore",
        },
        { kind: "check-failed", message: "another" },
      ],
      results: [],
    });
    expect(textOf(event)).toBe(
      `${cell} BlueLake refused: src/x.ts was changed, and it is outside. (and 1 more)`,
    );
    expect(describeEvent(event)).toContain(`${cell} refused: `);
  });

  it("adds what a failed check said first, past the runner's echoes", () => {
    const refusedWith = (output: string) =>
      textOf(
        storedEvent("gate_failed", {
          cell,
          attempt: 1,
          stage: "cell",
          findings: [
            { kind: "check-failed", message: `The check "typecheck" failed (exit code 2):\n${output}` },
          ],
          results: [],
        }),
      );
    const sentence = `${cell} BlueLake refused: The check "typecheck" failed (exit code 2):`;
    expect(refusedWith("> shop@1.0.0 typecheck\n> tsc\n\nchecking\nsrc/a.ts(3,1): error TS2304: no")).toBe(
      `${sentence} src/a.ts(3,1): error TS2304: no`,
    );
    expect(refusedWith("> tsc\n\n  it is all wrong\n")).toBe(`${sentence} it is all wrong`);
    expect(refusedWith("")).toBe(sentence);
  });

  it("names the agent, the subtask and the attempt at a start", () => {
    const spawned = { cell, attempt: 2, agent: "RedFox", pid: 7 };
    expect(textOf(storedEvent("subtask_spawned", spawned))).toBe(
      `${cell} RedFox started on "Add sums", attempt 2`,
    );
  });

  it("says at the end of the work when nothing has judged it", () => {
    const ready = storedEvent("epic_ready", { epic: "shop-a1b2", head: "2222222222", results: [] });
    expect(textOf(ready)).toBe("shop-a1b2 ready at 2222222");
    expect(textOf(ready, swarmView([], { checks: [] }))).toBe(
      "shop-a1b2 ready at 2222222; no check has judged it",
    );
  });

  it("is silent about book-keeping and about types from elsewhere", () => {
    const pin = { epic: "shop-a1b2", ref: "refs/vibe/x", commit: "1" };
    expect(describeEvent(storedEvent("pin_intended", pin))).toBeUndefined();
    expect(
      describeEvent({ ...storedEvent("pin_intended", pin), type: "from_a_newer_version" }),
    ).toBeUndefined();
  });

  it("lets no control character of an agent's through", () => {
    const message = "evil \u001b[2J\u0007 text";
    const event = storedEvent("subtask_blocked", { cell, findings: [{ kind: "agent-failed", message }] });
    expect(textOf(event)).toBe(`${cell} blocked: evil  text`);
  });

  it("says what became of a landing", () => {
    const refused = storedEvent("landing_refused", {
      epic: "shop-a1b2",
      message: "It is dirty.",
      paths: ["a"],
    });
    expect(textOf(refused)).toBe("shop-a1b2 not landed: It is dirty.");
    const landed = storedEvent("landed", { epic: "shop-a1b2", ref: "refs/heads/main", commit: "3333333333" });
    expect(textOf(landed)).toBe("shop-a1b2 landed on main at 3333333");
  });
});
