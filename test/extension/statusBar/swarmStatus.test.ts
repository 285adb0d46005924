import { describe, expect, it } from "vitest";
import type { ProjectModel } from "../../../extension/project/ProjectModel.ts";
import { newsFor, type StatusInput, swarmStatus } from "../../../extension/statusBar/swarmStatus.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { minutesAfterNoon, modelOf, noon, subtaskOf, swarmOf } from "../hive/models.ts";

const now = minutesAfterNoon(1);
const status = (given: Partial<StatusInput>) =>
  swarmStatus({ state: "live", projects: [], plannings: 0, now, noted: new Set(), ...given });
const of = (model: ProjectModel, given: Partial<StatusInput> = {}) =>
  status({ projects: [{ commonDir: "p", model }], ...given });

const five = (merged: number, given: Partial<SwarmView> = {}, epic = "e") =>
  swarmOf(
    epic,
    [1, 2, 3, 4, 5].map((n) => subtaskOf(`${epic}.${n}`, { status: n <= merged ? "merged" : "running" })),
    given,
  );
const question = {
  id: "m",
  from: "BlueLake",
  to: ["person"],
  subject: "?",
  body: "",
  thread: "t",
  importance: "normal",
  replyTo: "d",
  at: noon,
} as const;

describe("the status bar says", () => {
  it("idle, and leads to a new swarm", () => {
    expect(of(modelOf({}))).toMatchObject({
      kind: "idle",
      text: "$(rocket) Vibe",
      matter: { kind: "start" },
    });
  });

  it("that a plan is being made", () => {
    expect(of(modelOf({}), { plannings: 1 })).toMatchObject({
      kind: "planning",
      matter: { kind: "planning" },
    });
  });

  it("how far the swarm is", () => {
    expect(of(modelOf({ swarms: [five(2)] }))).toMatchObject({
      kind: "running",
      text: "$(loading~spin) 2/5",
      spoken: "2 of 5 cells are merged. Agents are at work.",
      matter: { kind: "cell", project: "p", cell: "e" },
    });
  });

  it("how far all swarms of the window are", () => {
    const later = five(4, { startedAt: "2026-01-02T12:00:01.000Z" }, "f");
    expect(of(modelOf({ swarms: [five(2), later] }))).toMatchObject({
      text: "$(loading~spin) 6/10",
      matter: { cell: "f" },
    });
  });

  it("that it is paused", () => {
    expect(of(modelOf({ swarms: [five(2, { status: "paused", paused: true })] }))).toMatchObject({
      kind: "paused",
      text: "$(debug-pause) 2/5",
    });
  });

  it("that it needs you, for a question and for the gate, and how far the rest is", () => {
    expect(of(modelOf({ swarms: [five(2)], mail: [question] }))).toMatchObject({
      kind: "needs-you",
      text: "$(bell-dot) Vibe needs you · 2/5",
      severity: "warning",
      matter: { kind: "question" },
    });
    const held = swarmOf("e", [subtaskOf("e.1", { status: "needs-you" })], { status: "needs-you" });
    expect(of(modelOf({ swarms: [held] }))).toMatchObject({
      kind: "needs-you",
      matter: { kind: "cell", project: "p", cell: "e.1" },
    });
  });

  it("that something failed: a cell, a swarm, a landing", () => {
    const blocked = swarmOf("e", [subtaskOf("e.1", { status: "blocked" })], { status: "blocked" });
    expect(of(modelOf({ swarms: [blocked] }))).toMatchObject({
      kind: "failed",
      severity: "error",
      matter: { cell: "e.1" },
    });
    expect(of(modelOf({ swarms: [five(2, { status: "interrupted" })] }))).toMatchObject({
      kind: "failed",
      text: "$(error) Vibe: a swarm stopped · 2/5",
      matter: { cell: "e" },
    });
    const refusal = { message: "You changed a.ts.", paths: ["a.ts"] };
    expect(of(modelOf({ swarms: [five(5, { status: "ready", refusal })] }))).toMatchObject({
      kind: "failed",
      spoken: '"Title of e" did not land: You changed a.ts.',
      matter: { kind: "landing", project: "p", cell: "e" },
    });
  });

  it("that something is ready to land, unless another swarm is at work", () => {
    const ready = five(5, { status: "ready" }, "f");
    expect(of(modelOf({ swarms: [ready] }))).toMatchObject({
      kind: "ready",
      matter: { kind: "landing", cell: "f" },
    });
    expect(of(modelOf({ swarms: [ready, five(2)] }))).toMatchObject({
      kind: "running",
      text: "$(loading~spin) 2/5",
    });
  });

  it("that it landed, until it was noted or is no news", () => {
    const model = modelOf({ swarms: [five(5, { status: "landed", endedAt: noon })] });
    expect(of(model)).toMatchObject({ kind: "landed", matter: { kind: "landed", project: "p", cell: "e" } });
    expect(of(model, { noted: new Set(["e"]) }).kind).toBe("idle");
    expect(of(model, { now: Date.parse(noon) + newsFor }).kind).toBe("idle");
  });

  it("what of the window stands in the way, before all else", () => {
    const model = modelOf({ swarms: [five(2)], mail: [question] });
    expect(of(model, { state: "restricted" })).toMatchObject({
      kind: "restricted",
      matter: { kind: "trust" },
    });
    expect(of(model, { state: "down" })).toMatchObject({
      kind: "down",
      severity: "error",
      matter: { kind: "down" },
    });
    expect(of(model, { state: "checkout" }).kind).toBe("checkout");
    expect(of(model, { state: "no-folder" }).kind).toBe("hidden");
    expect(of(model, { state: "no-git" }).kind).toBe("hidden");
    expect(of(modelOf({}), { state: "new" }).kind).toBe("idle");
  });

  it("nothing that another could have written, in a place where icons are drawn", () => {
    const title = "$(zap)[x](command:y)";
    for (const given of [
      { status: "ready" },
      { status: "ready", refusal: { message: title, paths: [] } },
      { status: "landed", endedAt: noon },
    ] as const) {
      const { text, spoken } = of(modelOf({ swarms: [five(5, { title, ...given })] }));
      expect(text).not.toContain("zap");
      expect(spoken).not.toMatch(/\$\(|\]\(/);
    }
  });
});
