import { assert, describe, it } from "@effect/vitest";
import { Effect, type Schema, Stream } from "effect";
import fc from "fast-check";
import { SqlBatch, type SqlRow } from "../../../daemon/platform/Sql.ts";
import { EventStore, type NewEvent } from "../../../daemon/primitives/EventStore.ts";
import { type EventFilter, eventQueries } from "../../../daemon/primitives/eventQueries.ts";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import { ended, origin, registered, withStore } from "./storeFixture.ts";

const filters: fc.Arbitrary<EventFilter> = fc.record(
  {
    tenant: fc.constantFrom("local", "t"),
    project: fc.constantFrom("p", "q"),
    stream: fc.constantFrom("agent/a", "agent/b"),
    types: fc.subarray(["agent_registered", "agent_ended", "landed"]),
    actor: fc.constantFrom("daemon", "person"),
    after: fc.nat({ max: 50 }),
    upTo: fc.nat({ max: 50 }),
    limit: fc.nat({ max: 20 }),
  },
  { requiredKeys: [] },
);

/** What a filter means, told without SQL. */
const expected = (all: ReadonlyArray<StoredEvent>, filter: EventFilter) =>
  all
    .filter(
      (event) =>
        (filter.tenant === undefined
          ? filter.project === undefined || event.tenant === "local"
          : event.tenant === filter.tenant) &&
        (filter.project ?? event.project) === event.project &&
        (filter.stream ?? event.stream) === event.stream &&
        (filter.types ?? [event.type]).includes(event.type) &&
        (filter.actor ?? event.actor) === event.actor &&
        event.seq > (filter.after ?? 0) &&
        event.seq <= (filter.upTo ?? event.seq),
    )
    .slice(0, filter.limit);

describe("eventQueries", () => {
  it.live("read what the filter says, and never sort the log to do so", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        const origins = [
          origin,
          { ...origin, project: "q", actor: "person" as const },
          { ...origin, tenant: "t" },
          { ...origin, tenant: "t", project: "q" },
        ];
        for (const from of origins) {
          yield* store.append(
            from,
            ["a", "b", "c", "a", "b", "a"].flatMap((name) => [registered(name), ended(name, "x")]),
          );
        }
        const all = yield* store.readAll({});
        assert.strictEqual(all.length, 48);
        let explained = 0;
        const explain = eventQueries({
          ...sql,
          read: (text, args) =>
            Effect.map(sql.read(`EXPLAIN QUERY PLAN ${text}`, args), (rows): ReadonlyArray<SqlRow> => {
              const plan = rows.map((row) => String(row.detail)).join("\n");
              assert.notInclude(plan, "TEMP B-TREE", text);
              assert.notMatch(plan, /SCAN events/, text);
              explained += 1;
              return [{ envelopes: "[]", data: null }];
            }),
        });
        const run = Effect.runPromiseWith(yield* Effect.context<never>());
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(filters, async (filter) => {
              assert.deepStrictEqual(await run(store.readAll(filter)), expected(all, filter));
              await run(explain.page(filter));
            }),
            { numRuns: 300 },
          ),
        );
        assert.isAtLeast(explained, 300);
      }),
    ),
  );

  it.live("reads a log longer than a page whole", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        for (let n = 0; n < 5; n++) {
          yield* store.append(
            origin,
            Array.from({ length: 250 }, (_, k) => registered(`${n}-${k}`)),
          );
        }
        const seqs = (filter: EventFilter) =>
          Effect.map(store.readAll(filter), (all) => all.map(({ seq }) => seq));
        const upTo = (n: number) => Array.from({ length: n }, (_, k) => k + 1);
        assert.deepStrictEqual(yield* seqs({}), upTo(1250));
        assert.deepStrictEqual(yield* seqs({ limit: 1000 }), upTo(1000));
        assert.deepStrictEqual(
          yield* seqs({ limit: 501, types: ["agent_registered"], project: "p" }),
          upTo(501),
        );
        assert.deepStrictEqual(yield* seqs({ limit: 0 }), []);
      }),
    ),
  );

  const cell = (fields: Record<string, Schema.Json>): NewEvent => ({
    stream: "cell/a",
    type: "cell_updated",
    data: { id: "a", fields, stamps: {} },
  });

  it.live("reads back what is nested deeper than SQLite can parse, with its neighbours", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        let deep: Schema.Json = 1;
        for (let n = 0; n < 1500; n++) deep = [deep];
        const stored = yield* store.append(origin, [registered("a"), cell({ deep }), registered("b")]);
        assert.deepStrictEqual(yield* store.readAll({}), stored);
        assert.deepStrictEqual(yield* Stream.runCollect(store.subscribe({ upTo: 3 })), stored);
      }),
    ),
  );

  it.live("reads long data in its place, and no more of it at once than fits into memory", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const queries = eventQueries(yield* SqlBatch);
        const long = (n: number, size: number) => cell({ text: `${n}`.padEnd(size, "ü") });
        const sizes = [10, 40_000, 20, 6_000_000, 6_000_000, 30, 6_000_000, 50_000, 9_000_000];
        const stored = yield* store.append(
          origin,
          sizes.map((size, n) => long(n, size)),
        );
        assert.deepStrictEqual(yield* store.readAll({}), stored);
        assert.deepStrictEqual(yield* queries.page({ limit: 5 }), stored.slice(0, 5));
        assert.deepStrictEqual(yield* queries.page({ limit: 50 }), stored);
        const parts: Array<ReadonlyArray<number>> = [];
        for (let after = 0, more = true; more; after = parts.at(-1)!.at(-1)!) {
          const part = yield* queries.part({ after });
          parts.push(part.events.map(({ seq }) => seq));
          more = part.more;
        }
        assert.deepStrictEqual(parts, [[1, 2, 3, 4], [5, 6], [7, 8], [9]]);
      }),
    ),
  );
});
