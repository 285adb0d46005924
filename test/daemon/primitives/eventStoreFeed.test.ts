import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";
import fc from "fast-check";
import { EventStore } from "../../../daemon/primitives/EventStore.ts";
import type { EventFilter } from "../../../daemon/primitives/eventQueries.ts";
import type { Followed } from "../../../daemon/primitives/eventStoreFeed.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { until } from "../../support/until.ts";
import { ended, origin, registered, storeAt, withStore } from "./storeFixture.ts";

/** One append of so many events, to one of two projects. */
const appends = fc.array(fc.record({ size: fc.integer({ min: 1, max: 4 }), other: fc.boolean() }), {
  minLength: 1,
  maxLength: 40,
});
const filters: fc.Arbitrary<EventFilter> = fc.record(
  {
    project: fc.constantFrom("p", "q"),
    types: fc.constantFrom(["agent_registered"], ["agent_ended"]),
    after: fc.nat({ max: 60 }),
  },
  { requiredKeys: [] },
);

const appendAll = Effect.fnUntraced(function* (plan: ReadonlyArray<{ size: number; other: boolean }>) {
  const store = yield* EventStore;
  yield* Effect.forEach(
    plan,
    ({ size, other }, n) =>
      store.append(
        other ? { ...origin, project: "q" } : origin,
        Array.from({ length: size }, (_, k) =>
          k % 2 === 0 ? registered(`a${n}-${k}`) : ended(`a${n}-${k}`, "x"),
        ),
      ),
    { concurrency: 3, discard: true },
  );
});

describe("EventStore.subscribe", () => {
  it.live("gives what a read gives afterwards, wherever it joins and whatever it filters", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(appends, appends, filters, (before, during, filter) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const folder = yield* tempFolder;
              yield* Effect.provide(appendAll(before), storeAt(folder));
              // Opened again, it has the first part in the log only and the second in memory too.
              yield* Effect.gen(function* () {
                const store = yield* EventStore;
                const collect = yield* store.subscribe(filter).pipe(
                  Stream.takeUntil((event) => event.stream === "agent/end"),
                  Stream.filter((event) => event.stream !== "agent/end"),
                  Stream.runCollect,
                  Effect.forkChild({ startImmediately: true }),
                );
                yield* appendAll(during);
                const head = yield* store.head;
                // The end passes every filter, once its `seq` is beyond `after`.
                while ((yield* store.head) <= 200) yield* appendAll([{ size: 4, other: false }]);
                const last = yield* store.head;
                yield* store.append({ ...origin, project: filter.project ?? "p" }, [
                  { ...registered("end"), stream: "agent/end" },
                  { ...ended("end", "x"), stream: "agent/end" },
                ]);
                const seen = yield* Fiber.join(collect);
                assert.isAtLeast(last, head);
                assert.deepStrictEqual(seen, yield* store.readAll({ ...filter, upTo: last }));
              }).pipe(Effect.provide(storeAt(folder)));
            }).pipe(Effect.scoped),
          ),
        ),
        { numRuns: 8 },
      ),
    ),
  );

  it.live("ends at its limit or its last seq, in history, live, and across both", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* appendAll([{ size: 4, other: false }]);
        const seqs = (filter: EventFilter) =>
          store.subscribe(filter).pipe(
            Stream.map((event) => event.seq),
            Stream.runCollect,
          );
        const live = yield* Effect.forEach(
          [
            { after: 2, limit: 4 },
            { after: 4, limit: 1 },
            { after: 3, upTo: 6 },
            { upTo: 7, project: "nobody" },
          ],
          seqs,
          { concurrency: "unbounded" },
        ).pipe(Effect.forkChild({ startImmediately: true }));
        assert.deepStrictEqual(yield* seqs({ limit: 2 }), [1, 2]);
        assert.deepStrictEqual(yield* seqs({ after: 1, upTo: 3 }), [2, 3]);
        assert.deepStrictEqual(yield* seqs({ after: 3, upTo: 3 }), []);
        yield* appendAll([{ size: 4, other: false }]);
        assert.deepStrictEqual(yield* Fiber.join(live), [[3, 4, 5, 6], [5], [4, 5, 6], []]);
      }),
    ),
  );

  it.live("loses nothing for a reader that falls behind what is kept in memory", () =>
    withStore(() =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        yield* store.append(origin, [registered("first")]);
        const mayGoOn = yield* Deferred.make<void>();
        const slow = yield* store.subscribe({}).pipe(
          Stream.tap((event) => (event.seq === 1 ? Deferred.await(mayGoOn) : Effect.void)),
          Stream.map((event) => event.seq),
          Stream.take(6001),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true }),
        );
        for (let n = 0; n < 60; n++) {
          yield* store.append(
            origin,
            Array.from({ length: 100 }, (_, k) => registered(`s${n}-${k}`)),
          );
        }
        yield* Deferred.succeed(mayGoOn, undefined);
        assert.deepStrictEqual(
          yield* Fiber.join(slow),
          Array.from({ length: 6001 }, (_, n) => n + 1),
        );
      }),
    ),
  );
});

describe("EventStore.follow", () => {
  const nobody = { project: "nobody" };
  /** Follows in the background, and keeps what came. */
  const follow = Effect.fnUntraced(function* (filter: EventFilter) {
    const store = yield* EventStore;
    const seen: Array<Followed> = [];
    const fiber = yield* store.follow(filter).pipe(
      Stream.runForEach((one) => Effect.sync(() => void seen.push(one))),
      Effect.forkChild({ startImmediately: true }),
    );
    return { seen, stop: Fiber.interrupt(fiber) };
  });
  const many = (count: number) =>
    Effect.flatMap(EventStore, (store) =>
      store.append(
        origin,
        Array.from({ length: count }, () => registered("a")),
      ),
    );

  it.live("gives what a read gives, and positions that rise and end at the head", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(appends, appends, filters, (before, during, filter) =>
          Effect.runPromise(
            withStore(() =>
              Effect.gen(function* () {
                const store = yield* EventStore;
                yield* appendAll(before);
                const { seen, stop } = yield* follow(filter);
                yield* appendAll(during);
                const head = yield* store.head;
                if (head > (filter.after ?? 0))
                  yield* Effect.promise(() => until(() => (seen.at(-1)?.seq ?? 0) >= head));
                yield* stop;
                const seqs = seen.map(({ seq }) => seq);
                assert.deepStrictEqual(
                  seqs,
                  [...new Set(seqs)].sort((a, b) => a - b),
                );
                assert.deepStrictEqual(
                  seen.flatMap(({ event }) => event ?? []),
                  yield* store.readAll(filter),
                );
              }),
            ),
          ),
        ),
        { numRuns: 15 },
      ),
    ),
  );

  it.effect(
    "tells of what it leaves out at most once in 250 ms or 1,000 events, and before nothing happens",
    () =>
      withStore(() =>
        Effect.gen(function* () {
          const { seen, stop } = yield* follow(nobody);
          const settle = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)));
          const seqs = () => seen.map(({ seq }) => seq);
          // The time is the test's: without this it stands still.
          const passUntil = Effect.fnUntraced(function* (seq: number) {
            while (seqs().at(-1) !== seq) {
              yield* TestClock.adjust("250 millis");
              yield* settle;
            }
          });
          yield* many(10);
          yield* settle;
          yield* many(10);
          yield* settle;
          assert.deepStrictEqual(seqs(), []);
          yield* passUntil(20);
          const told = seqs();
          assert.isAtMost(told.length, 2);
          yield* TestClock.adjust("1 hour");
          yield* settle;
          assert.deepStrictEqual(seqs(), told);
          yield* many(2500);
          // Told though no time passes.
          yield* Effect.promise(() => until(() => seen.length > told.length));
          yield* passUntil(2520);
          assert.isAtMost(seen.length - told.length, 3);
          yield* stop;
        }),
      ),
  );
});
