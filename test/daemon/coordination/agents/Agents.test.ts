import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer } from "effect";
import { Agents } from "../../../../daemon/coordination/agents/Agents.ts";
import { agentName, nameFault } from "../../../../daemon/coordination/agents/agentName.ts";
import { leavingAgents } from "../../../../daemon/coordination/agents/leavingAgents.ts";
import { Reservations } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { sqlLayer } from "../../../../daemon/platform/Sql.ts";
import { AwakeClock } from "../../../../daemon/primitives/AwakeClock.ts";
import { EventStore, type Origin } from "../../../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../../../daemon/primitives/Projection.ts";
import { projections, stateTables } from "../../../../daemon/tables.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../storeLayer.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const other: Origin = { project: "q", actor: "daemon" };
const session = { kind: "session", harness: "claude", session: "s-1" } as const;

const runIn = (folder: string) => {
  const layer = Agents.layer.pipe(Layer.provideMerge(storeIn(folder)));
  return <A, E>(effect: Effect.Effect<A, E, Agents | EventStore>) =>
    effect.pipe(Effect.provide(layer), Effect.scoped);
};
const agentsAlone = Agents.layer.pipe(Layer.provideMerge(temporaryStore));

/** The tags of failures, and what succeeded. */
const outcome = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onSuccess: () => "ok", onFailure: ({ _tag }) => _tag });

const typesOf = (store: EventStore["Service"]) =>
  Effect.map(store.readAll({}), (events) => events.map(({ type }) => type));

describe("Agents", () => {
  it.live("knows an agent by its token, across a restart, until it ends", () =>
    Effect.gen(function* () {
      const run = runIn(yield* tempFolder);
      const { one, two } = yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const one = yield* agents.register(origin, { kind: "worker", epic: "e", cell: "e.1", attempt: 2 });
          const two = yield* agents.register(other, { kind: "session" });
          assert.deepStrictEqual(agents.authenticate(one.token), {
            name: one.name,
            project: "p",
            kind: "worker",
            epic: "e",
            cell: "e.1",
            attempt: 2,
          });
          assert.match(one.name, /^[A-Z][a-z]+[A-Z][a-z]+$/);
          assert.strictEqual(Buffer.from(one.token, "base64url").length, 32);
          for (const wrong of ["", one.name, `${one.token}x`]) assert.isUndefined(agents.authenticate(wrong));
          return { one, two };
        }),
      );
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const store = yield* EventStore;
          assert.strictEqual(agents.authenticate(one.token)?.name, one.name);
          assert.isFalse(yield* agents.end(origin, two.name, "another project's"));
          assert.strictEqual(agents.authenticate(two.token)?.project, "q");
          assert.isTrue(yield* agents.end(origin, one.name, "over"));
          assert.isFalse(yield* agents.end(origin, one.name, "over"));
          assert.isUndefined(agents.authenticate(one.token));
          assert.deepStrictEqual(yield* typesOf(store), [
            "agent_registered",
            "agent_registered",
            "agent_ended",
          ]);
          // The token itself is nowhere in the store.
          const rows = [yield* store.rows("agents"), yield* store.rows("live_agents")];
          assert.notInclude(JSON.stringify([yield* store.readAll({}), rows]), one.token);
          for (const report of yield* store.rebuild) assert.isTrue(report.equal, report.projection);
        }),
      );
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          assert.isUndefined(agents.authenticate(one.token));
          assert.strictEqual(agents.authenticate(two.token)?.name, two.name);
        }),
      );
    }),
  );

  it.live("gives each of many at once a name of its own", () =>
    Effect.gen(function* () {
      const agents = yield* Agents;
      const all = yield* Effect.forEach(
        Array.from({ length: 300 }),
        () => agents.register(origin, { kind: "session" }),
        { concurrency: "unbounded" },
      );
      assert.strictEqual(new Set(all.map((one) => one.name)).size, 300);
      assert.strictEqual(agents.live("p").length, 300);
    }).pipe(Effect.provide(agentsAlone)),
  );

  it("puts a number behind a name when plain ones were taken, more digits with each try", () => {
    for (let attempt = 0; attempt < 4; attempt++) assert.match(agentName(attempt), /^[A-Za-z]+$/);
    for (let attempt = 4; attempt < 40; attempt++) {
      const name = agentName(attempt);
      assert.match(name, /^[A-Za-z]+\d+$/);
      assert.isUndefined(nameFault(name));
    }
  });
});

describe("a name of one's own choice", () => {
  it.live("is given once in a project, whoever asks at the same time, also after the agent ended", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const run = runIn(folder);
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const ask = agents.register(origin, { kind: "session", name: "Alice" });
          const outcomes = yield* Effect.all(
            Array.from({ length: 20 }, () => outcome(ask)),
            { concurrency: "unbounded" },
          );
          assert.deepStrictEqual(outcomes.toSorted(), [
            ...Array.from({ length: 19 }, () => "NameTaken"),
            "ok",
          ]);
          assert.strictEqual(
            yield* outcome(agents.register(other, { kind: "session", name: "Alice" })),
            "ok",
          );
          yield* agents.end(origin, "Alice", "over");
          assert.strictEqual(yield* outcome(ask), "NameTaken");
        }),
      );
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const error = yield* Effect.flip(agents.register(origin, { kind: "session", name: "Alice" }));
          assert.strictEqual(error._tag, "NameTaken");
          assert.match(error.message, /Alice .*Take another/);
        }),
      );
    }),
  );

  it.live("is refused when it is no name", () =>
    Effect.gen(function* () {
      const agents = yield* Agents;
      const store = yield* EventStore;
      for (const name of [
        "",
        " ",
        "a b",
        "a/b",
        "é",
        "a.b",
        "a\n",
        "-".repeat(65),
        "person",
        "Daemon",
        "launcher",
      ]) {
        const error = yield* Effect.flip(agents.register(origin, { kind: "session", name }));
        assert.strictEqual(error._tag, "InvalidInput", name);
        assert.include(error.message, name === "" ? '""' : name.trim().slice(0, 20));
      }
      for (const name of ["a", "A-1_z", "-".repeat(64), "x".repeat(64)]) {
        assert.strictEqual(yield* outcome(agents.register(origin, { kind: "session", name })), "ok", name);
      }
      for (const half of [{ harness: "h" }, { session: "s" }, { harness: "", session: "s" }]) {
        assert.strictEqual(
          yield* outcome(agents.register(origin, { kind: "session", ...half })),
          "InvalidInput",
        );
      }
      for (const id of ["", "x".repeat(201), "a\u0000b", "a\u009bb"]) {
        const odd = { kind: "session", harness: "h", session: id } as const;
        assert.strictEqual(yield* outcome(agents.register(origin, odd)), "InvalidInput", JSON.stringify(id));
      }
      assert.strictEqual((yield* store.readAll({})).length, 4);
    }).pipe(Effect.provide(agentsAlone)),
  );

  it.live("is not taken by a registration that could not be written", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      let broken = true;
      /** Its rows can't be written, so that a transaction fails with everything that was decided in it. */
      const fragile: Projection = {
        name: "fragile",
        version: 1,
        tables: [{ name: "fragile", columns: { name: "text" }, key: ["name"] }],
        types: ["agent_registered"],
        apply: (event) => {
          if (event.type !== "agent_registered") return [];
          const { name } = event.data;
          const key = broken && name.startsWith("bad") ? (null as unknown as string) : name;
          return [{ table: "fragile", key: { name: key }, set: {} }];
        },
      };
      const layer = Agents.layer.pipe(
        Layer.provideMerge(
          EventStore.layer([...projections, fragile], stateTables).pipe(
            Layer.provide(sqlLayer({ file: `${folder}/store.db` })),
          ),
        ),
      );
      yield* Effect.gen(function* () {
        const agents = yield* Agents;
        const ask = (name: string) => outcome(agents.register(origin, { kind: "session", name }));
        const names = ["bad", "good-1", "bad", "good-2", "bad-2", "good-1"];
        const outcomes = yield* Effect.all(names.map(ask), { concurrency: "unbounded" });
        // Of the two that want the name, none was refused because of the other, which was never written.
        assert.deepStrictEqual(outcomes.slice(0, 5), [
          "StorageError",
          "ok",
          "StorageError",
          "ok",
          "StorageError",
        ]);
        assert.strictEqual(outcomes[5], "NameTaken");
        broken = false;
        assert.strictEqual(yield* ask("bad"), "ok");
        assert.strictEqual(yield* ask("bad"), "NameTaken");
      }).pipe(Effect.provide(layer), Effect.scoped);
    }),
  );
});

describe("a session", () => {
  it.live("that comes back is the same agent, and its old token is nobody's at once", () =>
    Effect.gen(function* () {
      const run = runIn(yield* tempFolder);
      const first = yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const first = yield* agents.register(origin, { ...session, name: "Alice" });
          assert.deepStrictEqual(agents.ofSession("p", "claude", "s-1")?.name, "Alice");
          assert.isUndefined(agents.ofSession("q", "claude", "s-1"));
          return first;
        }),
      );
      yield* run(
        Effect.gen(function* () {
          const agents = yield* Agents;
          const store = yield* EventStore;
          const gone = yield* Effect.forkChild(agents.awaitRevoked(first.token), { startImmediately: true });
          const second = yield* agents.register(origin, session);
          yield* Fiber.join(gone);
          assert.strictEqual(second.name, "Alice");
          assert.notStrictEqual(second.token, first.token);
          assert.isUndefined(agents.authenticate(first.token));
          assert.strictEqual(agents.authenticate(second.token)?.name, "Alice");
          // The name may be repeated, and not changed.
          assert.strictEqual((yield* agents.register(origin, { ...session, name: "Alice" })).name, "Alice");
          const error = yield* Effect.flip(agents.register(origin, { ...session, name: "Bob" }));
          assert.strictEqual(error._tag, "InvalidInput");
          assert.include(error.message, "Alice");
          assert.deepStrictEqual(yield* typesOf(store), [
            "agent_registered",
            "agent_rejoined",
            "agent_rejoined",
          ]);
          // Another session, another project, another harness: another agent.
          for (const [where, which] of [
            [origin, { ...session, session: "s-2" }],
            [origin, { ...session, harness: "opencode" }],
            [other, session],
          ] as const) {
            assert.notStrictEqual((yield* agents.register(where, which)).name, "Alice");
          }
        }),
      );
    }),
  );

  it.live("that registers many times at once is one agent with one good token", () =>
    Effect.gen(function* () {
      const agents = yield* Agents;
      const all = yield* Effect.all(
        Array.from({ length: 30 }, () => agents.register(origin, session)),
        { concurrency: "unbounded" },
      );
      assert.strictEqual(new Set(all.map(({ name }) => name)).size, 1);
      assert.strictEqual(all.filter(({ token }) => agents.authenticate(token) !== undefined).length, 1);
    }).pipe(Effect.provide(agentsAlone)),
  );

  it.live("that ended and comes back is a new agent", () =>
    Effect.gen(function* () {
      const agents = yield* Agents;
      const first = yield* agents.register(origin, session);
      const id = { harness: "claude", session: "s-1" };
      assert.deepStrictEqual(yield* agents.endSession(other, id, "over"), []);
      assert.deepStrictEqual(yield* agents.endSession(origin, id, "over"), [first.name]);
      assert.deepStrictEqual(yield* agents.endSession(origin, id, "over"), []);
      yield* agents.awaitRevoked(first.token);
      const second = yield* agents.register(origin, session);
      assert.notStrictEqual(second.name, first.name);
      assert.isUndefined(agents.authenticate(first.token));
      const views = yield* agents.list("p", { ended: true });
      assert.deepStrictEqual(
        views.map(({ name, harness, endedAt }) => [name, harness, endedAt !== undefined]),
        [
          [second.name, "claude", false],
          [first.name, "claude", true],
        ],
      );
      assert.deepStrictEqual(
        (yield* agents.list("p")).map(({ name }) => name),
        [second.name],
      );
      assert.strictEqual((yield* agents.find("p", first.name))?.name, first.name);
      assert.isUndefined(yield* agents.find("q", first.name));
    }).pipe(Effect.provide(agentsAlone)),
  );
});

describe("the end of an agent", () => {
  const everything = leavingAgents.pipe(
    Layer.provideMerge(Layer.mergeAll(Agents.layer, Reservations.layer)),
    Layer.provideMerge(temporaryStore),
  );

  it.live(
    "frees what it held by hand and its place in the queue, in the same append; a cell's lease stays",
    () =>
      Effect.gen(function* () {
        const agents = yield* Agents;
        const store = yield* EventStore;
        const reservations = yield* Reservations;
        const alice = yield* agents.register(origin, { kind: "session", name: "Alice" });
        yield* agents.register(origin, { kind: "session", name: "Bob" });
        yield* reservations.reserve(origin, { holder: alice.name, patterns: ["a.ts"] });
        yield* reservations.reserve(origin, { holder: alice.name, patterns: ["b/**"] });
        yield* reservations.reserve(origin, {
          holder: alice.name,
          cell: "e.1",
          epic: "e",
          patterns: ["cell.ts"],
        });
        yield* reservations.reserve(origin, { holder: "Bob", patterns: ["bob.ts"] });
        const waits = yield* reservations.reserveOrWait(origin, { holder: "Alice", patterns: ["bob.ts"] }, 0);
        assert.strictEqual(waits.kind, "waiting");
        const before = yield* store.head;
        yield* agents.end(origin, "Alice", "over");
        const events = yield* store.readAll({ after: before });
        assert.deepStrictEqual(
          events.map(({ type }) => type),
          ["agent_ended", "lease_released", "lease_released"],
        );
        assert.deepStrictEqual(
          reservations.list("p").flatMap(({ patterns }) => patterns),
          ["cell.ts", "bob.ts"],
        );
        assert.deepStrictEqual(reservations.queue("p"), []);
        // A request that was on its way when the agent ended gets nothing.
        const late = { holder: "Alice", patterns: ["late.ts"], isThere: () => agents.isLive("p", "Alice") };
        assert.strictEqual(yield* outcome(reservations.reserve(origin, late)), "InvalidInput");
      }).pipe(Effect.provide(everything)),
  );
});

describe("what it reads", () => {
  it.live("is never the agents that have ended, however many there were", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* runIn(folder)(
        Effect.gen(function* () {
          const agents = yield* Agents;
          yield* agents.register(origin, { kind: "session", name: "Live" });
          yield* Effect.forEach(
            Array.from({ length: 200 }),
            () =>
              Effect.flatMap(agents.register(origin, { kind: "worker" }), ({ name }) =>
                agents.end(origin, name, "over"),
              ),
            { concurrency: "unbounded" },
          );
        }),
      );
      const asked: Array<string> = [];
      const spied = Layer.effect(
        EventStore,
        Effect.map(EventStore, (store) =>
          EventStore.of({
            ...store,
            rows: (table, where) =>
              Effect.tap(store.rows(table, where), (rows) =>
                Effect.sync(() => asked.push(`${table} ${Object.keys(where ?? {})}: ${rows.length}`)),
              ),
          }),
        ),
      ).pipe(Layer.provide(storeIn(folder)), Layer.merge(AwakeClock.layer));
      yield* Effect.gen(function* () {
        const agents = yield* Agents;
        yield* agents.register(origin, { kind: "session", name: "New" });
        assert.deepStrictEqual(asked, ["live_agents : 1", "agents tenant,project,name: 0"]);
      }).pipe(Effect.provide(Agents.layer.pipe(Layer.provideMerge(spied))), Effect.scoped);
    }),
  );
});
