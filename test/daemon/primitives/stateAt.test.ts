import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Layer, Scope } from "effect";
import fc from "fast-check";
import { SqlBatch, sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import type { Projection } from "../../../daemon/primitives/Projection.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { appendStep, asText, liveRows, replayed, type Step, someStep, tally } from "./pastFixture.ts";
import { agentsSeen, ended, origin, registered } from "./storeFixture.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";

const openAt = (folder: string, every: number) =>
  EventStore.layer([agentsSeen, tally], [], every).pipe(
    Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })),
  );

type Act =
  | { readonly kind: "append"; readonly steps: ReadonlyArray<Step> }
  /** The daemon ends in the middle of whatever it does, and another one opens the file. */
  | { readonly kind: "crash"; readonly every: number }
  | { readonly kind: "redact"; readonly where: number }
  | { readonly kind: "look"; readonly where: number };

const acts: fc.Arbitrary<ReadonlyArray<Act>> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("append" as const),
        steps: fc.array(someStep, { minLength: 1, maxLength: 12 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("crash" as const), every: fc.constantFrom(3, 4, 6) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("redact" as const),
        where: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("look" as const),
        where: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
  ),
  { minLength: 4, maxLength: 16 },
);

/** The state as of `seq` is what a replay of the events up to it gives; that of the head is what is there. */
const lookAt = Effect.fnUntraced(function* (seq: number) {
  const store = yield* EventStore;
  const events = yield* store.readAll({ upTo: seq });
  const state = yield* store.stateAt({ seq });
  assert.deepStrictEqual(asText(state.tables), replayed(events), `as of ${seq}`);
  if (seq === (yield* store.head)) assert.deepStrictEqual(asText(state.tables), yield* liveRows);
  const ofProject = yield* store.stateAt({ seq }, { project: "q", projection: "tally" });
  const mine = Object.entries(state.tables)
    .filter(([table]) => table !== "seen")
    .map(([table, rows]) => [table, rows.filter((row) => row.project === "q" && row.tenant === "local")]);
  assert.deepStrictEqual(ofProject.tables, Object.fromEntries(mine));
});

const perform = (plan: ReadonlyArray<Act>) =>
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    let scope = yield* Scope.make();
    let open = yield* Layer.buildWithScope(openAt(folder, 3), scope);
    for (const act of plan) {
      if (act.kind === "crash") {
        yield* Scope.close(scope, Exit.void);
        scope = yield* Scope.make();
        open = yield* Layer.buildWithScope(openAt(folder, act.every), scope);
        continue;
      }
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        if (act.kind === "append") {
          return yield* Effect.forEach(act.steps, appendStep, { concurrency: 4, discard: true });
        }
        const head = yield* store.head;
        const seq = Math.round(act.where * head);
        if (act.kind === "look" || seq === 0) return yield* lookAt(seq);
        const [event] = yield* store.readAll({ after: seq - 1, upTo: seq });
        if (event?.type !== "event_redacted") yield* store.redact({ actor: "person" }, seq, "a secret");
      }).pipe(Effect.provideContext(open));
    }
    yield* Effect.gen(function* () {
      const store = yield* EventStore;
      const head = yield* store.head;
      for (let seq = head; seq >= 0; seq -= Math.max(1, Math.floor(head / 12))) yield* lookAt(seq);
      for (const { equal, projection } of yield* store.rebuild) assert.isTrue(equal, projection);
    }).pipe(Effect.provideContext(open));
    yield* Scope.close(scope, Exit.void);
  }).pipe(Effect.scoped);

describe("stateAt", () => {
  it.live(
    "is the replay of the events up to then, whatever happened: crashes, snapshots, redactions",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(acts, (plan) => Effect.runPromise(perform(plan))),
          { numRuns: full ? 300 : 6 },
        ),
      ),
    full ? 600_000 : 60_000,
  );

  it.live("is right again after a rebuild that found rows to be wrong", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      let wrong = true;
      // The code was mended without a new version.
      const mended: Projection = { ...agentsSeen, apply: (event) => (wrong ? [] : agentsSeen.apply(event)) };
      const open = EventStore.layer([mended, tally], [], 2).pipe(
        Layer.provideMerge(sqlLayer({ file: `${folder}/store.db` })),
      );
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        const sql = yield* SqlBatch;
        yield* store.append(origin, [registered("a"), ended("a", "x"), registered("b"), registered("c")]);
        const taken = Effect.map(
          sql.query("SELECT max(seq) AS seq FROM snapshots"),
          ([row]) => row?.seq === 4,
        );
        while (!(yield* taken)) yield* Effect.sleep(5);
        wrong = false;
        assert.deepStrictEqual(
          (yield* store.rebuild).map(({ equal }) => equal),
          [false, true],
        );
        assert.deepStrictEqual(asText((yield* store.stateAt({ seq: 4 })).tables), yield* liveRows);
        assert.strictEqual((yield* store.stateAt({ seq: 4 })).tables.seen?.length, 3);
      }).pipe(Effect.provide(open));
    }).pipe(Effect.scoped),
  );

  it.live("takes a time: the state after the last event that is not later", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        for (let n = 0; n < 9; n++) {
          yield* store.append(origin, [registered(`a${n}`), registered(`b${n}`)]);
          yield* Effect.sleep(3);
        }
        const events = yield* store.readAll({});
        for (const { at } of events) {
          const { seq } = yield* store.stateAt({ at });
          assert.strictEqual(seq, events.findLast((event) => event.at <= at)!.seq);
          const zoned = `${at.slice(0, 11)}${at.slice(11, -1)}+00:00`;
          assert.strictEqual((yield* store.stateAt({ at: zoned })).seq, seq);
        }
        assert.deepStrictEqual(yield* store.stateAt({ at: "2001-01-01T00:00:00Z" }), {
          seq: 0,
          tables: { seen: [], tally: [], tally_last: [] },
        });
        assert.strictEqual((yield* store.stateAt({ at: "2999-01-01T00:00:00Z" })).seq, 18);
      }).pipe(Effect.provide(openAt(folder, 4)));
    }).pipe(Effect.scoped),
  );

  it.live("refuses what is no time, no number, not yet, or no projection, and says what to do", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      yield* Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [registered("a"), ended("a", "x")]);
        const message = (then: Parameters<typeof store.stateAt>[0], projection?: string) =>
          Effect.map(
            Effect.flip(store.stateAt(then, projection === undefined ? {} : { projection })),
            (error) => `${error._tag}: ${error.message}`,
          );
        assert.strictEqual(
          yield* message({ at: "yesterday" }),
          'InvalidInput: "yesterday" is no time. Write it as 2026-01-31T09:30:00Z.',
        );
        for (const seq of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
          assert.strictEqual(yield* message({ seq }), `InvalidInput: ${seq} is no sequence number.`);
        assert.strictEqual(
          yield* message({ seq: 3 }),
          "InvalidInput: The log ends at 2; there is no state as of 3 yet.",
        );
        assert.strictEqual(
          yield* message({ seq: 1 }, "cells"),
          'InvalidInput: There is no projection "cells". There are: seen, tally.',
        );
      }).pipe(Effect.provide(openAt(folder, 4)));
    }).pipe(Effect.scoped),
  );
});
