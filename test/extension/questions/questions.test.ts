/** What waits for the person: how it is said, when it is told, and who was first. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { announce } from "../../../extension/questions/announce.ts";
import { toastText } from "../../../extension/questions/toastText.ts";
import { waitingKey, waitingText } from "../../../extension/questions/waitingText.ts";
import { whoAnswered } from "../../../extension/questions/whoAnswered.ts";
import { waitsForYou } from "../../../extension/views/hive/waitsForYou.ts";
import type { EventDataOf, EventType, StoredEvent } from "../../../shared/contract/events.ts";
import { modelOf, noon, subtaskOf, swarmOf } from "../hive/models.ts";

describe("telling that something waits", () => {
  it("is done once for each thing, together for all, in the window in front", () => {
    const none = new Set<string>();
    expect(announce(none, ["a", "b"], true)).toEqual({ told: new Set(["a", "b"]), now: true });
    expect(announce(new Set(["a", "b"]), ["a", "b"], true).now).toBe(false);
    expect(announce(none, ["a"], false)).toEqual({ told: none, now: false });
    expect(announce(none, [], true).now).toBe(false);
  });

  it("is done again for what came back, and never for what was told and still waits", () => {
    const step = fc.record({
      waiting: fc.uniqueArray(fc.constantFrom("a", "b", "c")),
      focused: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let told: ReadonlySet<string> = new Set();
        const open = new Set<"a" | "b" | "c">();
        for (const { waiting, focused } of steps) {
          for (const key of open) if (!waiting.some((one) => one === key)) open.delete(key);
          const isNew = waiting.some((key) => !open.has(key));
          const next = announce(told, waiting, focused);
          expect(next.now).toBe(focused && isNew);
          if (next.now) for (const key of waiting) open.add(key);
          told = next.told;
        }
      }),
    );
  });
});

describe("what waits, in words", () => {
  const mail = {
    id: "m",
    from: "Ann",
    to: ["person"],
    subject: "Which port?",
    body: "",
    thread: "m",
    importance: "normal" as const,
    replyTo: "d",
    at: noon,
  };
  const model = modelOf({
    mail: [mail],
    swarms: [
      swarmOf("e", [
        subtaskOf("e.1", {
          status: "needs-you",
          title: "Parser",
          findings: [{ kind: "weakens-checks", message: "deletes a test" }],
        }),
        subtaskOf("e.2", {
          status: "blocked",
          title: "Lexer",
          findings: [{ kind: "check-failed", message: "test is red" }],
        }),
      ]),
      swarmOf("f", [], { status: "ready", title: "Docs" }),
      swarmOf("g", [], { status: "interrupted", title: "Site", problem: "the disk is full" }),
    ],
  });

  it("says who asks and what about", () => {
    const texts = waitsForYou(model).map((one) => waitingText(model, one));
    expect(texts.map(({ label, detail }) => `${label}: ${detail}`)).toEqual([
      "Which port?: Ann asks you",
      "Parser: Accept or reject: deletes a test",
      "Lexer: Blocked: test is red",
      "Site: Stopped: the disk is full",
      "Docs: Ready to land",
    ]);
    expect(new Set(waitsForYou(model).map(waitingKey)).size).toBe(5);
  });

  it("is one toast: one thing by its name, several by their number, what failed in any case", () => {
    const waits = waitsForYou(model).map((waiting) => ({ model, waiting }));
    expect(toastText(waits.slice(1, 2))).toEqual({
      text: "Parser: Accept or reject: deletes a test",
      isWarning: false,
    });
    expect(toastText(waits.slice(2, 3))).toEqual({ text: "Lexer: Blocked: test is red", isWarning: true });
    expect(toastText(waits.slice(0, 2))).toEqual({
      text: "2 things wait for you: Which port?, Parser",
      isWarning: false,
    });
    expect(toastText(waits)).toEqual({
      text: "5 things wait for you, 2 of them failed: Which port?, Parser, Lexer and 2 more",
      isWarning: true,
    });
  });

  it("says something of what is gone meanwhile too", () => {
    for (const one of waitsForYou(model)) expect(waitingText(modelOf({}), one).icon).not.toBe("");
  });
});

describe("who answered", () => {
  let seq = 0;
  const event = <T extends EventType>(
    type: T,
    data: EventDataOf<T>,
    given: Partial<StoredEvent> = {},
  ): StoredEvent => ({
    seq: ++seq,
    id: `${seq}`,
    tenant: "t",
    project: "p",
    stream: "swarm/e",
    type,
    version: 1,
    data: JSON.parse(JSON.stringify(data)),
    actor: "person",
    at: noon,
    correlation: null,
    causation: null,
    ...given,
  });
  const now = new Date(noon);
  const time = now.toTimeString().slice(0, 5);
  const gate = (cell: string, accepted: boolean) =>
    event("gate_answered", { cell, attempt: 1, tree: "t", accepted });

  it("is said of the cell in question, by the last that did", () => {
    const events = [gate("e.1", false), gate("e.1", true), gate("e.2", false)];
    expect(whoAnswered(events, { cell: "e.1" }, now)).toBe(
      `It was accepted at ${time} already, by you, in another window or on the command line.`,
    );
    expect(whoAnswered(events, { cell: "e.2" }, now)).toContain("rejected");
    expect(whoAnswered(events, { cell: "e.3" }, now)).toBeUndefined();
  });

  it("is said of a question, of a landing, and of the end of a swarm", () => {
    const by = { actor: "agent:Ann" };
    expect(whoAnswered([event("deferred_resolved", { id: "d", value: 1 }, by)], {}, now)).toBe(
      `It was answered at ${time} already, by Ann.`,
    );
    expect(whoAnswered([event("deferred_expired", { id: "d" })], {}, now)).toContain("its time was over");
    const landing = event("landing_approved", { epic: "e", commit: "c", unchecked: false });
    expect(whoAnswered([landing], { cell: "e" }, now)).toContain("landing was approved");
    expect(whoAnswered([landing, event("swarm_discarded", { epic: "e" })], {}, now)).toContain("discarded");
    expect(whoAnswered([], {}, now)).toBeUndefined();
    const acked = event("mail_acked", { id: "m", recipient: "person" });
    expect(whoAnswered([acked], { mail: "m" }, now)).toContain("seen to");
    expect(whoAnswered([acked], { mail: "n" }, now)).toBeUndefined();
  });

  it("passes over what it does not know, and what was redacted", () => {
    const redacted = event("swarm_discarded", { epic: "e" }, { data: { redacted: 1 } });
    const unknown = event("swarm_discarded", { epic: "e" }, { type: "from_the_future" });
    expect(whoAnswered([redacted, unknown], {}, now)).toBeUndefined();
  });
});
