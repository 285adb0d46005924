import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Layer, Stream } from "effect";
import { Cursor } from "../../../daemon/primitives/Cursor.ts";
import { EventStore, type NewEvent, type Origin } from "../../../daemon/primitives/EventStore.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { storeIn, temporaryStore } from "../coordination/storeLayer.ts";

const origin: Origin = { project: "p", actor: "daemon" };
const withCursors = <A, E>(effect: Effect.Effect<A, E, Cursor | EventStore>) =>
  effect.pipe(Effect.provide(Cursor.layer.pipe(Layer.provideMerge(temporaryStore))));
const job = (name: string, id?: string): NewEvent => ({
  stream: "agent/jobs",
  type: "agent_registered",
  data: { name, tokenHash: "00", kind: "worker" },
  ...(id === undefined ? {} : { id }),
});
const did = (name: string, id?: string): NewEvent => ({
  stream: "agent/done",
  type: "agent_ended",
  data: { name, reason: "done" },
  ...(id === undefined ? {} : { id }),
});
const append = (...names: ReadonlyArray<string>) =>
  Effect.flatMap(EventStore, (store) =>
    store.append(
      origin,
      names.map((name) => job(name)),
    ),
  );
const doneJobs = Effect.flatMap(EventStore, (store) =>
  Effect.map(store.readAll({ project: "p", stream: "agent/done" }), (events) =>
    events.map(({ data }) => (data as { readonly name: string }).name),
  ),
);

describe("Cursor", () => {
  it.effect("gives what matches after its checkpoint, and goes on live", () =>
    withCursors(
      Effect.gen(function* () {
        const cursor = yield* (yield* Cursor).open(origin, "worker", { stream: "agent/jobs" });
        const [first] = yield* append("a", "b");
        yield* (yield* EventStore).append({ ...origin, project: "q" }, [job("elsewhere")]);
        yield* (yield* EventStore).append(origin, [did("no job")]);
        yield* cursor.checkpoint(first!.seq);
        const seen = yield* Effect.forkChild(Stream.runCollect(Stream.take(cursor.stream, 3)), {
          startImmediately: true,
        });
        yield* append("c");
        yield* append("d");
        assert.deepStrictEqual(
          (yield* Fiber.join(seen)).map(({ data }) => (data as { readonly name: string }).name),
          ["b", "c", "d"],
        );
      }),
    ),
  );

  it.effect("never moves its checkpoint back, whoever asks at once", () =>
    withCursors(
      Effect.gen(function* () {
        const cursors = yield* Cursor;
        const cursor = yield* cursors.open(origin, "worker");
        yield* append("a", "b", "c", "d", "e", "f");
        // Calls of one consumer are no conflict with each other.
        yield* Effect.forEach([2, 5, 3, 1, 4], cursor.checkpoint, { concurrency: "unbounded" });
        assert.strictEqual(yield* cursor.position, 5);
        yield* cursor.checkpoint(2);
        assert.strictEqual(yield* cursor.position, 5);
        assert.strictEqual(yield* (yield* cursors.open(origin, "worker")).position, 5);
        const again = yield* Effect.flip(cursor.commit(5, [did("twice")]));
        assert.strictEqual(again._tag, "InvalidInput");
        assert.deepStrictEqual(yield* doneJobs, []);
      }),
    ),
  );

  it.effect("writes effects and checkpoint together, or neither", () =>
    withCursors(
      Effect.gen(function* () {
        const cursors = yield* Cursor;
        const cursor = yield* cursors.open(origin, "worker");
        const [job] = yield* append("a");
        const bad = { stream: "agent/done", type: "agent_ended", data: { name: 1 } } as never;
        assert.strictEqual(
          (yield* Effect.flip(cursor.commit(job!.seq, [did("a"), bad])))._tag,
          "EventRejected",
        );
        assert.strictEqual(yield* cursor.position, 0);
        assert.strictEqual(yield* (yield* cursors.open(origin, "worker")).position, 0);
        const stored = yield* cursor.commit(job!.seq, [did("a")]);
        assert.strictEqual(stored.length, 1);
        assert.strictEqual(yield* (yield* cursors.open(origin, "worker")).position, job!.seq);
        assert.deepStrictEqual(yield* doneJobs, ["a"]);
      }),
    ),
  );

  it.effect("lets one of two consumers of a name go on, and tells the other", () =>
    withCursors(
      Effect.gen(function* () {
        const cursors = yield* Cursor;
        const [first, second] = yield* append("a", "b");
        const handles = yield* Effect.forEach([0, 1, 2, 3], () => cursors.open(origin, "worker"));
        const exits = yield* Effect.forEach(
          handles,
          (handle) => Effect.exit(handle.commit(first!.seq, [did("a")])),
          { concurrency: "unbounded" },
        );
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, false, false]);
        const late = yield* Effect.flip(handles[1]!.commit(second!.seq, [did("b")]));
        assert.deepInclude(late, { _tag: "ConcurrencyConflict", expected: 0, actual: first!.seq });
        assert.strictEqual(
          (yield* Effect.flip(handles[1]!.checkpoint(second!.seq)))._tag,
          "ConcurrencyConflict",
        );
        yield* handles[0]!.commit(second!.seq, [did("b")]);
        assert.deepStrictEqual(yield* doneJobs, ["a", "b"]);
        // Another name is another consumer, and so is the name in another project.
        assert.strictEqual(yield* (yield* cursors.open(origin, "other")).position, 0);
        assert.strictEqual(yield* (yield* cursors.open({ ...origin, project: "q" }, "worker")).position, 0);
      }),
    ),
  );

  it.effect("moves on also when all effects are in the log already", () =>
    withCursors(
      Effect.gen(function* () {
        const cursors = yield* Cursor;
        const [first, second] = yield* append("a", "b");
        const id = "01980000-0000-7000-8000-00000000c0de";
        yield* (yield* EventStore).append(origin, [did("a", id)]);
        const cursor = yield* cursors.open(origin, "worker");
        assert.strictEqual((yield* cursor.commit(first!.seq, [did("a", id)])).length, 1);
        assert.strictEqual(yield* (yield* cursors.open(origin, "worker")).position, first!.seq);
        yield* cursor.commit(second!.seq, [did("b")]);
        assert.deepStrictEqual(yield* doneJobs, ["a", "b"]);
      }),
    ),
  );

  it.effect("refuses what makes no sense, and stays usable", () =>
    withCursors(
      Effect.gen(function* () {
        const cursors = yield* Cursor;
        const [job] = yield* append("a");
        for (const name of ["", "x".repeat(201), "a\nb", "x".repeat(1_000_000)])
          assert.strictEqual((yield* Effect.flip(cursors.open(origin, name)))._tag, "InvalidInput");
        for (const filter of [{ types: [] }, { stream: "" }, { actor: "x".repeat(300) }, { types: [""] }])
          assert.strictEqual((yield* Effect.flip(cursors.open(origin, "w", filter)))._tag, "InvalidInput");
        const cursor = yield* cursors.open(origin, "worker");
        for (const seq of [-1, 1.5, Number.NaN, job!.seq + 1, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
          for (const effect of [cursor.checkpoint(seq), cursor.commit(seq, [did("a")])])
            assert.strictEqual(
              (yield* Effect.flip<unknown, { readonly _tag: string }, never>(effect))._tag,
              "InvalidInput",
            );
        }
        const nowhere = yield* cursors.open({ ...origin, project: "nowhere" }, "worker");
        assert.include((yield* Effect.flip(nowhere.checkpoint(job!.seq))).message, "has no events");
        yield* cursor.commit(job!.seq, [did("a")]);
        assert.deepStrictEqual(yield* doneJobs, ["a"]);
      }),
    ),
  );

  it.effect("begins where it was when the daemon comes back", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const run = <A, E>(effect: Effect.Effect<A, E, Cursor | EventStore>) =>
        effect.pipe(Effect.provide(Cursor.layer.pipe(Layer.provideMerge(storeIn(folder)))), Effect.scoped);
      yield* run(
        Effect.gen(function* () {
          const [first] = yield* append("a", "b");
          yield* (yield* (yield* Cursor).open(origin, "worker")).commit(first!.seq, [did("a")]);
        }),
      );
      const left = yield* run(
        Effect.gen(function* () {
          const cursor = yield* (yield* Cursor).open(origin, "worker", { stream: "agent/jobs" });
          return yield* Stream.runCollect(Stream.take(cursor.stream, 1));
        }),
      );
      assert.deepStrictEqual(
        left.map(({ data }) => (data as { readonly name: string }).name),
        ["b"],
      );
    }),
  );
});
