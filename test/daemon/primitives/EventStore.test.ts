import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Stream } from "effect";
import { SqlBatch } from "../../../daemon/platform/Sql.ts";
import { EventStore, type NewEvent } from "../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { agentsSeen, ended, origin, registered, storeAt, withStore } from "./storeFixture.ts";

describe("EventStore", () => {
  it.live("gives seq without gaps to concurrent appends, some of which fail", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const bad = { ...registered("x"), data: { name: 1 } } as unknown as NewEvent;
        const results = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, index) => index),
          (index) =>
            Effect.exit(
              store.append(
                origin,
                index % 7 === 3 ? [registered(`a${index}`), bad] : [registered(`a${index}`)],
              ),
            ),
          { concurrency: "unbounded" },
        );
        const succeeded = results.filter((exit) => exit._tag === "Success").length;
        const events = yield* store.readAll({});
        assert.strictEqual(events.length, succeeded);
        assert.deepStrictEqual(
          events.map((event) => event.seq),
          events.map((_, index) => index + 1),
        );
        assert.strictEqual(results.length - succeeded, 29);
      }),
    ),
  );

  it.live("fails only the member whose row the database refuses", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        yield* sql.run([
          {
            sql: "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.stream = 'agent/bad' BEGIN SELECT RAISE(ABORT, 'refused'); END",
            args: [],
          },
        ]);
        const names = ["a", "b", "bad", "c", "d"];
        const results = yield* Effect.forEach(
          names,
          (name) => Effect.exit(store.append(origin, [registered(name)])),
          {
            concurrency: "unbounded",
          },
        );
        assert.deepStrictEqual(
          results.map((exit) => exit._tag),
          ["Success", "Success", "Failure", "Success", "Success"],
        );
        const events = yield* store.readAll({});
        assert.deepStrictEqual(
          events.map((event) => [event.seq, event.stream]),
          [
            [1, "agent/a"],
            [2, "agent/b"],
            [3, "agent/c"],
            [4, "agent/d"],
          ],
        );
      }),
    ),
  );

  it.live("stores the same event id once, and refuses it with other content", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const id = "0198c3f0-0000-7000-8000-000000000001";
        const [first] = yield* store.append(origin, [registered("a", id)]);
        const both = yield* Effect.all(
          [store.append(origin, [registered("a", id)]), store.append(origin, [registered("a", id)])],
          { concurrency: "unbounded" },
        );
        assert.deepStrictEqual(both.flat(), [first, first]);
        const refused = yield* Effect.flip(store.append(origin, [registered("b", id)]));
        assert.strictEqual(refused._tag, "EventRejected");
        assert.strictEqual((yield* store.readAll({})).length, 1);
      }),
    ),
  );

  it.live("appends only when the stream is where the caller expects it", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [registered("a")], { expected: { "agent/a": 0 } });
        const racers = yield* Effect.forEach(
          [1, 2, 3, 4, 5],
          () => Effect.exit(store.append(origin, [ended("a", "race")], { expected: { "agent/a": 1 } })),
          { concurrency: "unbounded" },
        );
        assert.strictEqual(racers.filter((exit) => exit._tag === "Success").length, 1);
      }),
    ),
  );

  it.live("never changes or deletes an event", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        yield* store.append(origin, [registered("a")]);
        for (const statement of [
          "DELETE FROM events",
          "UPDATE events SET actor = 'person'",
          `UPDATE events SET data = '{"name":"b"}'`,
          `UPDATE events SET data = '{"redacted":1}', actor = 'x'`,
        ]) {
          const error = yield* Effect.flip(sql.run([{ sql: statement, args: [] }]));
          assert.match(error.message, /immutable|never deleted/);
        }
        yield* sql.run([{ sql: `UPDATE events SET data = '{"redacted":1}'`, args: [] }]);
      }),
    ),
  );

  it.live("joins history and what comes live, with no gap and no duplicate", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* Effect.forEach([1, 2, 3], (n) => store.append(origin, [registered(`h${n}`)]));
        const collect = yield* store
          .subscribe({ after: 1, types: ["agent_registered"] })
          .pipe(Stream.take(12), Stream.runCollect, Effect.forkChild);
        yield* Effect.forEach(
          Array.from({ length: 20 }, (_, n) => n),
          (n) => store.append(origin, [registered(`l${n}`), ended(`l${n}`, "x")]),
          { concurrency: 4 },
        );
        const seen = yield* Fiber.join(collect);
        const all = yield* store.readAll({ after: 1, types: ["agent_registered"], limit: 12 });
        assert.deepStrictEqual(seen, all);
      }),
    ),
  );

  it.live("rebuilds projections that equal the live ones, also after a reopen with a newer version", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [registered("a"), registered("b"), registered("c")]);
        yield* store.append(origin, [ended("a", "bye"), ended("b", "gone")]);
        assert.deepStrictEqual(
          (yield* store.rebuild).map(({ rows, equal }) => [rows, equal]),
          [[2, true]],
        );
      }).pipe(Effect.provide(storeAt(folder)));
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const rows = yield* store.rows("seen", { project: "p" });
        assert.deepStrictEqual(
          rows.map((row) => [row.name, row.info]),
          [["c", { loud: "worker" }]],
        );
      }).pipe(
        Effect.provide(
          storeAt(folder, [
            {
              ...agentsSeen,
              version: 2,
              apply: (event) =>
                event.type === "agent_registered" && event.data.name === "c"
                  ? [{ table: "seen", key: { name: "c" }, set: { info: { loud: event.data.kind } } }]
                  : [],
            },
          ]),
        ),
      );
    }).pipe(Effect.scoped),
  );
});
