import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import { type EventQueries, eventQueries } from "../../../daemon/primitives/eventQueries.ts";
import type { Projection } from "../../../daemon/primitives/Projection.ts";
import { makeSnapshots } from "../../../daemon/primitives/snapshots.ts";
import { makeStateAt } from "../../../daemon/primitives/stateAt.ts";
import { isKept } from "../../../daemon/primitives/thinSnapshots.ts";
import { StorageError } from "../../../shared/contract/errors.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { asText, replayed, tally } from "./pastFixture.ts";
import { agentsSeen, ended, origin, registered } from "./storeFixture.ts";

const every = 5;
const projections = [agentsSeen, tally];

/** A store that takes no snapshots by itself. */
const quiet = (folder: string, given: ReadonlyArray<Projection> = projections) =>
  EventStore.layer(given, [], 1_000_000_000).pipe(
    Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })),
  );

const fill = Effect.fnUntraced(function* (count: number) {
  const store = yield* EventStore;
  const names = Array.from({ length: 17 }, (_, index) => `n${index}`);
  const events = Array.from({ length: count }, (_, index) => {
    const name = names[(index * 7 + Math.floor(index / 40)) % names.length]!;
    return index % 3 === 0 ? registered(name) : ended(name, index % 5 === 0 ? "gone" : `r${index}`);
  });
  yield* store.append(origin, events);
});

/** Snapshots and states over the real file; `replays` counts the events that were folded. */
const parts = Effect.fnUntraced(function* (sql: SqlBatch["Service"], given = projections) {
  const store = yield* EventStore;
  const head = yield* store.head;
  const replays = { count: 0 };
  const queries = eventQueries(sql);
  const counting: EventQueries = {
    ...queries,
    read: (filter) => {
      replays.count = Math.max(replays.count, (filter.upTo ?? head) - (filter.after ?? 0));
      return queries.read(filter);
    },
  };
  const snapshots = makeSnapshots({ sql, queries, projections: given, every });
  const stateAt = makeStateAt({ queries: counting, projections: given, snapshots, head: () => head });
  return { head, snapshots, stateAt, replays };
});

const compare = Effect.fnUntraced(function* (
  stateAt: ReturnType<typeof makeStateAt>,
  seqs: ReadonlyArray<number>,
) {
  const all = yield* (yield* EventStore).readAll({});
  for (const seq of seqs) {
    const { tables } = yield* stateAt({ seq });
    assert.deepStrictEqual(asText(tables), replayed(all.slice(0, seq)), `as of ${seq}`);
  }
});

const count = (table: string) =>
  Effect.gen(function* () {
    const [row] = yield* (yield* SqlBatch).query(`SELECT count(*) AS count FROM ${table}`);
    return Number(row?.count);
  });

const upTo = (last: number, step = 1) =>
  Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => last - index * step);

describe("snapshots", () => {
  it.live("are as many as the logarithm of the log, and a replay is short beside how long ago it was", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        yield* fill(2000);
        const { head, snapshots, stateAt, replays } = yield* parts(yield* SqlBatch);
        yield* snapshots.take(head);
        const kept = (yield* count("snapshots")) / projections.length;
        assert.isAtMost(kept, 8 + 4 * Math.log2(head / every / 8) + 4);
        yield* compare(stateAt, upTo(head, 61));
        for (const seq of upTo(head, 13)) {
          replays.count = 0;
          yield* stateAt({ seq });
          const steps = Math.ceil((head - seq) / every);
          assert.isAtMost(replays.count, every * (1 + 2 * Math.ceil(steps / 8)), `replayed for ${seq}`);
        }
        // 17 names in one project, and a handful of rows for each: what is over is not kept in every snapshot.
        assert.isAtMost(yield* count("snapshot_rows"), kept * 130);
        // Taking them again changes nothing.
        yield* snapshots.take(head);
        assert.strictEqual((yield* count("snapshots")) / projections.length, kept);
      }).pipe(Effect.provide(quiet(folder)));
    }).pipe(Effect.scoped),
  );

  it("keep one in two, one in four, … the older they are, whenever one looks", () => {
    for (let latest = 1; latest < 600; latest++) {
      const kept = upTo(latest).filter((seq) => seq > 0 && isKept(seq, latest, 1));
      assert.include(kept, latest);
      assert.isAtMost(kept.length, 8 + 4 * Math.max(0, Math.log2(latest / 8)) + 4, `of ${latest}`);
      // What is kept later was kept before.
      for (const seq of kept.filter((one) => one < latest)) assert.isTrue(isKept(seq, latest - 1, 1));
    }
  });

  it.live("of another version of the projection are thrown away", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        yield* fill(60);
        const { head, snapshots } = yield* parts(yield* SqlBatch);
        yield* snapshots.take(head);
      }).pipe(Effect.provide(quiet(folder)));
      const newer: Projection = {
        ...tally,
        version: 2,
        apply: (event) =>
          tally
            .apply(event)
            .map((change) =>
              "delete" in change
                ? change
                : { ...change, key: { ...change.key, name: `new-${change.key.name}` } },
            ),
      };
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const { head, snapshots, stateAt } = yield* parts(yield* SqlBatch, [agentsSeen, newer]);
        const { tables } = yield* stateAt({ seq: head });
        assert.deepStrictEqual(asText({ rows: tables.tally! }), asText({ rows: yield* store.rows("tally") }));
        assert.isTrue(tables.tally!.every(({ name }) => String(name).startsWith("new-")));
        yield* snapshots.take(head);
        const again = yield* stateAt({ seq: head });
        assert.deepStrictEqual(asText(again.tables), asText(tables));
      }).pipe(Effect.provide(quiet(folder, [agentsSeen, newer])));
    }).pipe(Effect.scoped),
  );

  it.live(
    "are right after a crash at any point of taking and thinning them",
    () =>
      Effect.gen(function* () {
        const folder = yield* tempFolder;
        yield* Effect.gen(function* () {
          yield* fill(90);
          const sql = yield* SqlBatch;
          let crashes = 0;
          for (let writes = 0; ; writes++) {
            let left = writes;
            const dying = SqlBatch.of({
              ...sql,
              run: (statements) =>
                left-- > 0
                  ? sql.run(statements)
                  : Effect.fail(new StorageError({ code: "DEAD", message: "killed" })),
            });
            yield* sql.run([
              { sql: "DELETE FROM snapshots", args: [] },
              ...(writes % 7 === 0 ? [{ sql: "DELETE FROM snapshot_rows", args: [] }] : []),
            ]);
            const { head, snapshots } = yield* parts(dying);
            const exit = yield* Effect.exit(snapshots.take(head));
            const { stateAt } = yield* parts(sql);
            yield* compare(stateAt, upTo(head, 37));
            if (exit._tag === "Success") break;
            crashes++;
            if (writes % 5 === 0) {
              const after = yield* parts(sql);
              yield* after.snapshots.take(head);
              yield* compare(after.stateAt, upTo(head, 23));
            }
          }
          assert.isAbove(crashes, 30);
        }).pipe(Effect.provide(quiet(folder)));
      }).pipe(Effect.scoped),
    60_000,
  );

  it.live("are searched by index, however many there are", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        yield* fill(100);
        const sql = yield* SqlBatch;
        const asked = new Set<string>();
        const note = (statement: string) => asked.add(statement);
        const watching = SqlBatch.of({
          ...sql,
          query: (statement, args) =>
            Effect.andThen(
              Effect.sync(() => note(statement)),
              sql.query(statement, args),
            ),
          read: (statement, args) =>
            Effect.andThen(
              Effect.sync(() => note(statement)),
              sql.read(statement, args),
            ),
          run: (statements) =>
            Effect.andThen(
              Effect.sync(() => statements.map((one) => note(one.sql))),
              sql.run(statements),
            ),
        });
        const { head, snapshots, stateAt } = yield* parts(watching);
        yield* snapshots.take(head);
        yield* stateAt({ seq: head - 1 });
        yield* stateAt({ seq: head - 1 }, { project: origin.project });
        yield* watching.run(snapshots.forgetting(["seen"], 40));
        for (const statement of asked) {
          // Those of events have a suite of their own.
          if (/INSERT/.test(statement) || !/snapshot/.test(statement)) continue;
          const plan = (yield* sql.query(`EXPLAIN QUERY PLAN ${statement}`)).map((row) => String(row.detail));
          if (/tenant = \? AND project = \? AND \(tbl/.test(statement))
            assert.match(plan.join(), /tbl,key,seq\)>/, "a page begins where the last one ended");
          for (const line of plan) {
            assert.notMatch(
              line,
              /SCAN (?!json_each|.*VIRTUAL TABLE)|TEMP B-TREE/,
              `${statement}\n${plan.join("\n")}`,
            );
          }
        }
        assert.isAbove([...asked].filter((text) => text.includes("snapshot")).length, 8);
      }).pipe(Effect.provide(quiet(folder)));
    }).pipe(Effect.scoped),
  );
});
