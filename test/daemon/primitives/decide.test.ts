import { expect, it } from "@effect/vitest";
import { Effect, Layer, Result } from "effect";
import { sqlLayer } from "../../../daemon/platform/Sql.ts";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import type { Projection, StateTable } from "../../../daemon/primitives/Projection.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { agentsSeen, origin, registered } from "./storeFixture.ts";

const counters: StateTable = { name: "counters", columns: { name: "text", value: "integer" }, key: ["name"] };

/** Its rows can't be written for a name that is null, so that a transaction fails with what was decided in it. */
const fragile: Projection = {
  ...agentsSeen,
  name: "fragile",
  tables: [{ name: "fragile", columns: { name: "text" }, key: ["name"] }],
  apply: (event) =>
    event.type === "agent_registered"
      ? [
          {
            table: "fragile",
            key: { name: event.data.name === "bad" ? (null as unknown as string) : event.data.name },
            set: {},
          },
        ]
      : [],
};

const storeIn = (folder: string) =>
  EventStore.layer([fragile], [counters]).pipe(Layer.provide(sqlLayer({ file: `${folder}/store.db` })));

/** A counter that is kept in memory, as a decision sees it. */
const counterView = Effect.fnUntraced(function* (store: EventStore["Service"]) {
  const seen = { value: 0, events: 0, loads: 0 };
  yield* store.attach({
    load: Effect.gen(function* () {
      const [row] = yield* store.rows("counters", { name: "c" });
      seen.value = Number(row?.value ?? 0);
      seen.events = yield* store.head;
      seen.loads += 1;
    }),
    applyEvent: () => {
      seen.events += 1;
    },
    applyState: (change) => {
      if ("set" in change) seen.value = Number(change.set.value);
    },
  });
  return seen;
});

const increment = (store: EventStore["Service"], seen: { readonly value: number }) =>
  store.decide(origin, () => {
    const value = seen.value + 1;
    return Result.succeed({
      events: [],
      state: [{ table: "counters", key: { name: "c" }, set: { value } }],
      answer: () => value,
    });
  });

const withStores = <A, E>(run: (folder: string) => Effect.Effect<A, E, never>) =>
  Effect.flatMap(tempFolder, run).pipe(Effect.scoped);

it.live("decisions that share a transaction see one another", () =>
  withStores((folder) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const seen = yield* counterView(store);
      const answers = yield* Effect.all(
        Array.from({ length: 500 }, () => increment(store, seen)),
        { concurrency: "unbounded" },
      );
      expect(answers).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
      const [row] = yield* store.rows("counters");
      expect(row?.value).toBe(500);
    }).pipe(Effect.scoped, Effect.provide(storeIn(folder))),
  ),
);

it.live("a decision in a transaction that failed never was: the others are decided anew", () =>
  withStores((folder) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const seen = yield* counterView(store);
      const bad = Effect.flip(store.append(origin, [registered("bad")]));
      const all = [
        increment(store, seen),
        increment(store, seen),
        bad,
        increment(store, seen),
        store.append(origin, [registered("good")]),
        increment(store, seen),
      ];
      const [one, two, failure, three, stored, four] = yield* Effect.all(all, { concurrency: "unbounded" });
      expect([one, two, three, four]).toEqual([1, 2, 3, 4]);
      expect(failure).toMatchObject({ _tag: "StorageError" });
      expect(stored).toMatchObject([{ seq: 1 }]);
      expect(seen).toMatchObject({ value: 4, events: 1 });
      expect(seen.loads).toBeGreaterThan(1);
    }).pipe(Effect.scoped, Effect.provide(storeIn(folder))),
  ),
);

it.live("a refusal writes nothing, and what a decision throws is its caller's alone", () =>
  withStores((folder) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const seen = yield* counterView(store);
      const [refused, died, fine] = yield* Effect.all(
        [
          Effect.flip(store.decide(origin, () => Result.fail("no" as const))),
          Effect.exit(
            store.decide(origin, () => {
              throw new Error("a bug");
            }),
          ),
          increment(store, seen),
        ],
        { concurrency: "unbounded" },
      );
      expect(refused).toBe("no");
      expect(String(died)).toContain("a bug");
      expect(fine).toBe(1);
    }).pipe(Effect.scoped, Effect.provide(storeIn(folder))),
  ),
);

it.live("an event that was stored before changes no state again", () =>
  withStores((folder) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const seen = yield* counterView(store);
      const id = "01980000-0000-7000-8000-000000000001";
      const once = store.decide(origin, () =>
        Result.succeed({
          events: [registered("a", id)],
          state: [{ table: "counters", key: { name: "c" }, set: { value: seen.value + 1 } }],
          answer: ([event]) => event?.seq,
        }),
      );
      expect(yield* once).toBe(1);
      expect(yield* once).toBe(1);
      expect(seen.value).toBe(1);
      expect(yield* store.head).toBe(1);
    }).pipe(Effect.scoped, Effect.provide(storeIn(folder))),
  ),
);

it.live("state survives the store that wrote it", () =>
  withStores((folder) =>
    Effect.gen(function* () {
      const write = Effect.gen(function* () {
        const store = yield* EventStore;
        const seen = yield* counterView(store);
        return yield* increment(store, seen);
      }).pipe(Effect.scoped);
      expect(yield* Effect.provide(write, storeIn(folder))).toBe(1);
      expect(yield* Effect.provide(write, storeIn(folder))).toBe(2);
    }),
  ),
);

it.live("a view follows for as long as the store is open, also when whoever attached it has gone", () =>
  withStores((folder) =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const seen = yield* Effect.scoped(counterView(store));
      const bad = Effect.ignore(store.append(origin, [registered("bad")]));
      const [one, , two] = yield* Effect.all([increment(store, seen), bad, increment(store, seen)], {
        concurrency: "unbounded",
      });
      expect([one, two, yield* increment(store, seen)]).toEqual([1, 2, 3]);
    }).pipe(Effect.scoped, Effect.provide(storeIn(folder))),
  ),
);
