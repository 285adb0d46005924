import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import * as fc from "fast-check";
import { decideWrite, type WriteDecision, WriteQuestion } from "../../../shared/contract/writeCheck.ts";
import { writeMessage } from "../../../shared/contract/writeMessage.ts";

type Question = typeof WriteQuestion.Type;

const files = ["free", "mine", "other"] as const;
const daemons = ["reachable", "unreachable"] as const;
const snapshots = [undefined, ...files] as const;

const decide = (
  where: Question["where"],
  who: Question["who"],
  file: Question["file"],
  daemon: Question["daemon"] = "reachable",
  snapshot?: Question["file"],
) => decideWrite({ where, who, file, daemon, ...(snapshot === undefined ? {} : { snapshot }) });

const verdict = ({ allowed, also }: WriteDecision) =>
  `${allowed ? "allowed" : "denied"}${also === undefined ? "" : `, ${also}`}`;

/** Every question there is. */
const everything = (["worker-checkout", "shared-tree", "elsewhere", "unmanaged"] as const).flatMap((where) =>
  (["worker", "session", "person"] as const).flatMap((who) =>
    files.flatMap((file) =>
      daemons.flatMap((daemon) =>
        snapshots.map(
          (snapshot): Question => ({
            where,
            who,
            file,
            daemon,
            ...(snapshot === undefined ? {} : { snapshot }),
          }),
        ),
      ),
    ),
  ),
);

describe("the write check's table", () => {
  /** SEMANTICS §2, cell by cell: free, held by me, held by another. */
  const table: ReadonlyArray<readonly [Question["where"], Question["who"], ReadonlyArray<string>]> = [
    ["worker-checkout", "worker", ["denied", "allowed", "denied"]],
    ["shared-tree", "session", ["allowed, reserve", "allowed", "denied"]],
    ["shared-tree", "person", ["allowed", "allowed", "allowed, record"]],
    ["unmanaged", "worker", ["allowed", "allowed", "allowed"]],
    ["unmanaged", "session", ["allowed", "allowed", "allowed"]],
    ["unmanaged", "person", ["allowed", "allowed", "allowed"]],
  ];
  for (const [where, who, expected] of table) {
    for (const [index, file] of files.entries()) {
      it(`${where}, ${who}, ${file}: ${expected[index]}`, () => {
        assert.strictEqual(verdict(decide(where, who, file)), expected[index]);
      });
    }
  }

  for (const file of files) {
    it(`without the daemon, whose file it is by the daemon (${file}) does not count`, () => {
      assert.strictEqual(verdict(decide("worker-checkout", "worker", file, "unreachable")), "denied");
      assert.strictEqual(verdict(decide("shared-tree", "person", file, "unreachable")), "allowed");
      assert.strictEqual(verdict(decide("unmanaged", "session", file, "unreachable")), "allowed");
      const session = (snapshot?: Question["file"]) =>
        verdict(decide("shared-tree", "session", file, "unreachable", snapshot));
      assert.strictEqual(session(), "allowed, log");
      assert.strictEqual(session("free"), "allowed, log");
      assert.strictEqual(session("mine"), "allowed");
      assert.strictEqual(session("other"), "denied");
    });
  }

  it("keeps a worker out of the shared tree, and a session out of a worker's checkout", () => {
    for (const file of files) {
      for (const daemon of daemons) {
        assert.strictEqual(decide("shared-tree", "worker", file, daemon).reason, "not-your-tree");
        assert.strictEqual(decide("worker-checkout", "session", file, daemon).reason, "not-your-tree");
        for (const who of ["worker", "session"] as const)
          assert.strictEqual(decide("elsewhere", who, file, daemon).reason, "not-your-tree");
      }
    }
  });

  it("answers every question", () => {
    assert.strictEqual(everything.length, 4 * 3 * 3 * 2 * 4);
    const accepts = Schema.is(WriteQuestion);
    for (const question of everything) {
      const { allowed, also, reason } = decideWrite(question);
      const shown = JSON.stringify(question);
      assert.isTrue(accepts(question), shown);
      assert.isBoolean(allowed, shown);
      // Never denied: the person, and what is not ours. Never allowed beside the daemon's knowledge: a worker.
      if (question.who === "person" || question.where === "unmanaged") assert.isTrue(allowed, shown);
      if (question.who === "worker" && question.where !== "unmanaged") {
        const held = question.file === "mine" && question.daemon === "reachable";
        assert.strictEqual(allowed, held && question.where === "worker-checkout", shown);
      }
      // Nobody but the person writes what the daemon knows to be another's.
      if (question.file === "other" && question.daemon === "reachable" && question.where !== "unmanaged")
        assert.strictEqual(allowed, question.who === "person", shown);
      if (question.daemon === "unreachable") assert.notInclude(["reserve", "record"], also, shown);
      if (!allowed) assert.isUndefined(also, shown);
      if (also === "reserve") assert.strictEqual(reason, "reserved");
    }
  });
});

describe("what the writer is told", () => {
  const now = Date.parse("2026-01-01T12:00:00.000Z");
  const base = { path: "src/a.ts", conflicts: [], now };
  const held = { requested: "src/a.ts", held: "src/**", holder: "BlueLake" };

  const entry = fc.record(
    {
      requested: fc.string(),
      held: fc.string(),
      holder: fc.constantFrom("BlueLake", "e.1"),
      cell: fc.string(),
      epic: fc.string(),
      expiresAt: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    },
    { requiredKeys: ["requested", "held", "holder"] },
  );

  it("names holder, cell, time left and place in the queue", () => {
    const conflicts = [{ ...held, cell: "e.1", expiresAt: "2026-01-01T12:20:30.000Z" }];
    const decision = decide("shared-tree", "session", "other");
    assert.strictEqual(
      writeMessage(decision, { ...base, conflicts, ahead: 2 }),
      "src/a.ts is held by BlueLake for e.1, for 21 minutes more (until 2026-01-01T12:20:30.000Z); 2 requests are served before yours. Work on other files, or wait for it with `ocvibe reserve --wait`.",
    );
    for (const [ahead, says] of [
      [0, "you would be the first"],
      [1, "one request is served before yours"],
    ] as const) {
      assert.include(writeMessage(decision, { ...base, conflicts, ahead }), says);
    }
    const soon = [{ ...held, expiresAt: "2026-01-01T12:00:30.000Z" }, held];
    assert.include(
      writeMessage(decision, { ...base, conflicts: soon }),
      "BlueLake and 1 more, for 30 seconds more",
    );
    assert.include(writeMessage(decision, { ...base, conflicts: [held] }), "until it is released");
    assert.include(
      writeMessage(decision, { ...base, conflicts: [{ ...held, epic: "e" }] }),
      "until its swarm is landed or discarded",
    );
    // Nobody holds it, and somebody waits for it who came first.
    assert.include(writeMessage(decision, { ...base, ahead: 1 }), "wanted by others who came first");
  });

  it("is a sentence that names the path whenever something is denied, and nothing when all is well", () => {
    for (const question of everything) {
      const decision = decideWrite(question);
      const text = writeMessage(decision, { ...base, conflicts: [held], ahead: 0, checkout: "/c" });
      const quiet = ["unmanaged", "held", "reserved", "person"].includes(decision.reason);
      if (quiet) assert.strictEqual(text, "");
      else assert.match(text, /src\/a\.ts.*\.$/);
    }
  });

  it("never says undefined, whatever is known", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...everything),
        fc.array(entry, { maxLength: 3 }),
        fc.option(fc.nat(), { nil: undefined }),
        (question, conflicts, ahead) => {
          const facts = { path: "p", conflicts, now, ...(ahead === undefined ? {} : { ahead }) };
          assert.notMatch(writeMessage(decideWrite(question), facts), /undefined|NaN|\[object/);
        },
      ),
    );
  });
});
