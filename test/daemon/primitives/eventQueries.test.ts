import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import fc from "fast-check";
import { SqlBatch, type SqlRow } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
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
        const explain = eventQueries({
          ...sql,
          query: (text, args) =>
            Effect.map(sql.query(`EXPLAIN QUERY PLAN ${text}`, args), (rows): ReadonlyArray<SqlRow> => {
              const plan = rows.map((row) => String(row.detail)).join("\n");
              assert.notInclude(plan, "TEMP B-TREE", text);
              return [];
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
});
