import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Context, Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect";
import fc from "fast-check";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { type AppendError, EventStore, type NewEvent } from "../../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../../daemon/primitives/Projection.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { agentsSeen, ended, origin, registered, storeAt, withStore } from "./storeFixture.ts";

const uuid = (n: number) => `0198c3f0-0000-7000-8000-${String(n).padStart(12, "0")}`;
const bad = { ...registered("x"), data: { name: 1 } } as unknown as NewEvent;

/** The database itself refuses what is appended to this stream. */
const refuseBad = Effect.flatMap(SqlBatch, (sql) =>
  sql.run([
    {
      sql: `CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.stream = 'agent/bad'
        BEGIN SELECT RAISE(ABORT, 'refused'); END`,
      args: [],
    },
  ]),
);

/** What a caller may do in the property, and whether it must work. */
const calls = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("good" as const), size: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant("invalid" as const), size: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant("refused" as const), size: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant("same-id" as const), size: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant("race" as const), size: fc.constant(1) }),
  ),
  { minLength: 1, maxLength: 40 },
);

const eventsOf = (kind: string, size: number, n: number): ReadonlyArray<NewEvent> => {
  const good = Array.from({ length: size }, (_, k) => registered(`a${n}-${k}`));
  if (kind === "invalid") return [...good, bad];
  if (kind === "refused") return [...good, { ...registered("bad"), stream: "agent/bad" }];
  if (kind === "same-id") return [...good, registered("same", uuid(1))];
  if (kind === "race") return [ended("race", "x")];
  return good;
};

describe("EventStore.append", () => {
  it.live("keeps what it must and nothing else, without gaps, whatever arrives together", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(calls, (plan) =>
          Effect.runPromise(
            withStore(() =>
              Effect.gen(function* () {
                const store = yield* EventStore;
                yield* refuseBad;
                const exits = yield* Effect.forEach(
                  plan,
                  ({ kind, size }, n) =>
                    Effect.exit(
                      store.append(
                        origin,
                        eventsOf(kind, size, n),
                        kind === "race" ? { expected: { "agent/race": 0 } } : {},
                      ),
                    ),
                  { concurrency: "unbounded" },
                );
                const worked = plan.map((_, n) => Exit.isSuccess(exits[n]!));
                const races = plan.flatMap(({ kind }, n) => (kind === "race" ? [worked[n]] : []));
                assert.strictEqual(races.filter(Boolean).length, Math.min(races.length, 1));
                for (const [n, { kind }] of plan.entries()) {
                  if (kind !== "race")
                    assert.strictEqual(worked[n], kind === "good" || kind === "same-id", kind);
                }
                const events = yield* store.readAll({});
                assert.deepStrictEqual(
                  events.map((event) => event.seq),
                  events.map((_, index) => index + 1),
                );
                const answered = new Map(
                  exits.flatMap((exit) =>
                    Exit.isSuccess(exit) ? exit.value.map((event) => [event.seq, event] as const) : [],
                  ),
                );
                assert.deepStrictEqual(
                  events,
                  [...answered.values()].sort((a, b) => a.seq - b.seq),
                );
                assert.strictEqual(yield* store.head, events.length);
                assert.isTrue((yield* store.rebuild).every((one) => one.equal));
              }),
            ),
          ),
        ),
        { numRuns: 12 },
      ),
    ),
  );

  it.live("judges anew what was refused only because of a neighbour that failed", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* refuseBad;
        const results = yield* Effect.forEach(
          [
            store.append(origin, [registered("s"), { ...registered("bad"), stream: "agent/bad" }]),
            store.append(origin, [ended("s", "x")], { expected: { "agent/s": 0 } }),
          ],
          Effect.exit,
          { concurrency: "unbounded" },
        );
        assert.deepStrictEqual(
          results.map((exit) => exit._tag),
          ["Failure", "Success"],
        );
      }),
    ),
  );

  it.live("knows an append by its ids: answered again, even beside `expected`; never for another owner", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const first = yield* store.append(origin, [registered("a", uuid(1)), registered("b", uuid(2))], {
          expected: { "agent/a": 0 },
        });
        const again = yield* store.append(origin, [registered("a", uuid(1)), registered("b", uuid(2))], {
          expected: { "agent/a": 0 },
        });
        assert.deepStrictEqual(again, first);
        const mixed = yield* store.append(origin, [registered("a", uuid(1)), registered("c")]);
        assert.deepStrictEqual(
          mixed.map((event) => event.seq),
          [1, 3],
        );
        const twice = yield* store.append(origin, [registered("d", uuid(4)), registered("d", uuid(4))]);
        assert.deepStrictEqual(
          twice.map((event) => event.seq),
          [4, 4],
        );
        for (const other of [
          { ...origin, project: "q" },
          { ...origin, tenant: "t" },
          { ...origin, actor: "person" as const },
        ]) {
          const error = yield* Effect.flip(store.append(other, [registered("a", uuid(1))]));
          assert.strictEqual(error._tag, "EventRejected");
        }
        const differs = yield* Effect.flip(
          store.append(origin, [registered("e", uuid(5)), registered("f", uuid(5))]),
        );
        assert.strictEqual(differs._tag, "EventRejected");
        assert.strictEqual(yield* store.head, 4);
      }),
    ),
  );

  it.live("reads back exactly what was appended, whatever JSON it is", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const append = (name: string, value: fc.JsonValue, reason: string) =>
          store.append({ ...origin, correlation: reason }, [
            {
              stream: `cell/${name}`,
              type: "cell_created",
              data: { id: name, fields: { value } as never, stamps: {} },
            },
            { ...ended("a", reason), causation: reason },
          ]);
        const json = fc
          .jsonValue({ noUnicodeString: false })
          .map((value) => JSON.parse(JSON.stringify(value)));
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(
              fc.string(),
              json,
              fc.string({ unit: "grapheme" }),
              async (name, value, reason) => {
                const stored = await Effect.runPromise(append(name, value, reason));
                const read = await Effect.runPromise(store.readAll({ after: stored[0]!.seq - 1 }));
                assert.deepStrictEqual(read, stored);
              },
            ),
            { numRuns: 200 },
          ),
        );
      }),
    ),
  );

  it.live("says which event it can't store and why", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const unknown = { stream: "x", type: "never_heard_of", data: {} } as unknown as NewEvent;
        const error = yield* Effect.flip(store.append(origin, [unknown]));
        assert.include(error.message, "A never_heard_of can't be stored: its type is not in the catalogue");
        assert.match((yield* Effect.flip(store.append(origin, [bad]))).message, /agent_registered.*name/s);
      }),
    ),
  );

  it.live("stores what an interrupted caller asked for", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const fiber = yield* Effect.forkChild(store.append(origin, [registered("a")]), {
          startImmediately: true,
        });
        yield* Fiber.interrupt(fiber);
        const [next] = yield* store.append(origin, [registered("b")]);
        assert.strictEqual(next?.seq, 2);
      }),
    ),
  );

  it.live("reads back types that it does not know", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        yield* store.append(origin, [registered("a")]);
        yield* sql.run([
          {
            sql: `INSERT INTO events (seq, id, tenant, project, stream, type, version, data, actor, at)
              VALUES (2, 'future', 'local', 'p', 's', 'from_the_future', 9, '{"a":[1,null]}', 'daemon', '2099-01-01')`,
            args: [],
          },
        ]);
        const [future] = yield* store.readAll({ after: 1 });
        assert.strictEqual(future?.type, "from_the_future");
        assert.deepStrictEqual(future?.data, { a: [1, null] });
      }),
    ),
  );
});

describe("EventStore's writer", () => {
  const throwing: Projection = {
    ...agentsSeen,
    apply: (event) => {
      if (event.stream === "agent/thrower") throw new Error("a fault in a projection");
      return agentsSeen.apply(event);
    },
  };

  it.live("fails only the append whose event a projection can't take", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const exits = yield* Effect.forEach(
          ["a", "thrower", "b"],
          (name) => Effect.exit(store.append(origin, [registered(name)])),
          { concurrency: "unbounded" },
        );
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true]);
        assert.strictEqual(yield* store.head, 2);
      }).pipe(Effect.provide(storeAt(folder, [throwing])));
    }).pipe(Effect.scoped),
  );

  it.live("stops for good, and says so to everyone, when a view in memory failed to follow", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.onCommit((events) => {
          if (events.some((event) => event.stream === "agent/thrower")) throw new Error("a view broke");
        });
        yield* store.append(origin, [registered("a")]);
        for (const name of ["thrower", "b"]) {
          const exit = yield* Effect.exit(store.append(origin, [registered(name)]));
          assert.include(String(exit), "a view broke");
        }
        assert.include(String(yield* Effect.exit(store.rebuild)), "a view broke");
      }).pipe(Effect.scoped),
    ),
  );

  it.live("tells listeners of each commit in order, before the caller is answered", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const seen: Array<number> = [];
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* store.onCommit((events) => seen.push(...events.map((event) => event.seq)));
            yield* Effect.forEach(
              Array.from({ length: 50 }, (_, n) => n),
              (n) =>
                Effect.map(store.append(origin, [registered(`a${n}`)]), ([event]) =>
                  assert.include(seen, event?.seq),
                ),
              { concurrency: "unbounded" },
            );
          }),
        );
        yield* store.append(origin, [registered("unheard")]);
        assert.deepStrictEqual(
          seen,
          Array.from({ length: 50 }, (_, n) => n + 1),
        );
      }),
    ),
  );

  it.live("finishes what is under way, and answers everybody else, when the store is closed", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const underWay = yield* Deferred.make<void>();
      const noticing = Layer.effect(
        SqlBatch,
        Effect.map(SqlBatch, (sql) => ({
          ...sql,
          run: (statements: Parameters<typeof sql.run>[0]) =>
            Effect.andThen(
              statements.some((one) => one.sql.startsWith("INSERT INTO events"))
                ? Deferred.succeed(underWay, undefined)
                : Effect.void,
              sql.run(statements),
            ),
        })),
      );
      const sql = sqlLayer({ file: join(folder, "store.db") });
      const scope = yield* Scope.make();
      const layer = EventStore.layer([agentsSeen]).pipe(Layer.provide(Layer.provideMerge(noticing, sql)));
      const store = Context.get(yield* Layer.buildWithScope(layer, scope), EventStore);
      const waiting = yield* Effect.forEach(
        Array.from({ length: 2000 }, (_, n) => n),
        (n) => Effect.exit(store.append(origin, [registered(`a${n}`)])),
        { concurrency: "unbounded" },
      ).pipe(Effect.forkChild({ startImmediately: true }));
      yield* Deferred.await(underWay);
      yield* Scope.close(scope, Exit.void);
      const exits = yield* Fiber.join(waiting);
      assert.include(String(yield* Effect.exit(store.append(origin, [registered("late")]))), "closed");
      const stored = yield* Effect.flatMap(EventStore, (one) => one.head).pipe(
        Effect.provide(storeAt(folder)),
      );
      assert.strictEqual(exits.filter(Exit.isSuccess).length, stored);
      assert.isAbove(stored, 0);
      assert.isBelow(stored, 2000);
    }).pipe(Effect.scoped),
  );

  it.live.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
    "refuses everybody while the disk is full, and goes on without a gap when there is space",
    () =>
      Effect.gen(function* () {
        const folder = join(yield* tempFolder, "small");
        yield* Effect.acquireRelease(
          Effect.promise(async () => {
            await mkdir(folder);
            spawnSync("mount", ["-t", "tmpfs", "-o", "size=2048k", "tmpfs", folder]);
          }),
          () => Effect.sync(() => spawnSync("umount", ["-l", folder])),
        );
        yield* Effect.gen(function* () {
          const store = yield* EventStore;
          const ballast = join(folder, "ballast");
          yield* Effect.promise(() => writeFile(ballast, Buffer.alloc(1200 * 1024)));
          const many = (round: number) =>
            Effect.forEach(
              Array.from({ length: 40 }, (_, n) => n),
              (n) => Effect.exit(store.append(origin, [ended(`a${round}-${n}`, "r".repeat(3000))])),
              { concurrency: "unbounded" },
            );
          const exits: Array<Exit.Exit<unknown, AppendError>> = [];
          for (let round = 0; !exits.some(Exit.isFailure); round++) exits.push(...(yield* many(round)));
          const full = exits.find(Exit.isFailure);
          assert.match(String(full), /free (some )?space/);
          const worked = exits.filter(Exit.isSuccess).length;
          assert.strictEqual((yield* store.readAll({})).length, worked);
          yield* Effect.promise(() => writeFile(ballast, ""));
          const [next] = yield* store.append(origin, [registered("after")]);
          assert.strictEqual(next?.seq, worked + 1);
          assert.isTrue((yield* store.rebuild).every((one) => one.equal));
        }).pipe(Effect.provide(storeAt(folder)));
      }).pipe(Effect.scoped),
  );
});
