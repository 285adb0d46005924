import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Fiber, Stream } from "effect";
import fc from "fast-check";
import { swarmView } from "../../../../daemon/orchestration/swarm/swarmView.ts";
import {
  makeSwarmWatchers,
  type SwarmFrame,
  watchSwarm,
} from "../../../../daemon/orchestration/swarm/watchSwarm.ts";
import { EventStore, type NewEvent } from "../../../../daemon/primitives/EventStore.ts";
import { temporaryStore } from "../../coordination/storeLayer.ts";

const project = "p";
const epicId = "r-1";
const stream = `swarm/${epicId}`;
const created: NewEvent = {
  stream,
  type: "epic_created",
  data: {
    epic: epicId,
    plan: { epic: { title: "Epic" }, subtasks: [] },
    cells: [{ id: "r-1.1", title: "A", files: ["a"], dependencies: [], agent: "command:x" }],
    root: "/x/repo",
    base: "0".repeat(40),
    target: { kind: "detached" },
    checks: [],
    maxWorkers: 1,
  },
};
const resumed: NewEvent = { stream, type: "swarm_resumed", data: { epic: epicId } };
const other: NewEvent = { ...resumed, stream: "swarm/r-2" };

/** A swarm as `Swarms` has it, without anybody who works on it. */
const withSwarm = <A, E>(
  use: (swarm: {
    readonly watch: (after?: number) => Stream.Stream<SwarmFrame, unknown>;
    readonly append: (events: ReadonlyArray<NewEvent>) => Effect.Effect<unknown, unknown>;
    readonly print: (line: string) => void;
    readonly end: () => void;
    readonly watching: () => number;
    readonly logged: Effect.Effect<ReadonlyArray<number>, unknown>;
  }) => Effect.Effect<A, E>,
) =>
  Effect.gen(function* () {
    const store = yield* EventStore;
    const watchers = makeSwarmWatchers();
    let live = true;
    yield* store.onCommit((events) => {
      for (const event of events)
        if (event.stream === stream) queueMicrotask(() => watchers.committed(epicId));
    });
    const append = (events: ReadonlyArray<NewEvent>) => store.append({ project, actor: "daemon" }, events);
    yield* append([other, created]);
    return yield* use({
      append,
      print: (line) => watchers.printed(epicId, "r-1.1", line),
      end: () => {
        live = false;
        watchers.ended(epicId);
      },
      watching: watchers.count,
      logged: Effect.map(store.readAll({ project, stream, limit: 100_000 }), (all) =>
        all.map(({ seq }) => seq),
      ),
      watch: (after) =>
        watchSwarm({
          project,
          epicId,
          after,
          watchers,
          viewOf: (log) => swarmView(log.state(), epicId, { live, problem: null }, log.seq()),
          isLive: () => live,
        }).pipe(Stream.provideService(EventStore, store)),
    });
  }).pipe(Effect.provide(temporaryStore), Effect.scoped);

const eventsOf = (frames: ReadonlyArray<SwarmFrame>) =>
  frames.flatMap(({ update }) => (update.kind === "event" ? [update.event.seq] : []));
const linesOf = (frames: ReadonlyArray<SwarmFrame>) =>
  frames.flatMap(({ update }) => (update.kind === "progress" ? [update.line] : []));

describe("watchSwarm", () => {
  it.live("gives the state, each event once with a position, and the last state at the end", () =>
    withSwarm(({ watch, append, end, watching, logged }) =>
      Effect.gen(function* () {
        const began = yield* Deferred.make<void>();
        const watcher = yield* watch().pipe(
          Stream.tap(() => Deferred.succeed(began, undefined)),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true }),
        );
        yield* Deferred.await(began);
        for (let n = 0; n < 50; n++)
          yield* append(n % 3 === 0 ? [resumed, other, resumed] : [resumed, other]);
        assert.strictEqual(watching(), 1);
        end();
        const frames = yield* Fiber.join(watcher);
        assert.deepStrictEqual(frames[0]?.update.kind, "state");
        const [first, ...later] = yield* logged;
        assert.strictEqual(frames[0]?.seq, first);
        assert.deepStrictEqual(eventsOf(frames), later);
        const last = frames.at(-1);
        assert.isTrue(last?.update.kind === "state" && last.update.swarm.seq === later.at(-1));
        assert.strictEqual(last?.seq, later.at(-1));
        assert.strictEqual(watching(), 0);
      }),
    ),
  );

  it.live("goes on for a watcher that comes back with any position that it was given, again and again", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 }),
          fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 30 }),
          (appends, lives) =>
            Effect.runPromise(
              withSwarm(({ watch, append, end, logged }) =>
                Effect.gen(function* () {
                  const seen: Array<number> = [];
                  let position: number | undefined;
                  let start: number | undefined;
                  const watchFor = (frames: number) =>
                    Stream.runForEach(Stream.take(watch(position), frames), ({ seq, update }) =>
                      Effect.sync(() => {
                        if (update.kind === "event") seen.push(update.event.seq);
                        position = seq ?? position;
                        start ??= position;
                      }),
                    );
                  yield* watchFor(1);
                  const writer = yield* Effect.forkChild(
                    Effect.forEach(
                      appends,
                      (count) =>
                        Effect.andThen(append(Array.from({ length: count }, () => resumed)), Effect.sleep(1)),
                      {
                        discard: true,
                      },
                    ).pipe(Effect.andThen(Effect.sync(end))),
                  );
                  for (const frames of lives) yield* watchFor(frames);
                  yield* Fiber.join(writer);
                  yield* watchFor(100_000);
                  const all = yield* logged;
                  assert.deepStrictEqual(
                    seen,
                    all.filter((seq) => seq > (start ?? 0)),
                  );
                }),
              ),
            ),
        ),
        { numRuns: 15 },
      ),
    ),
  );

  it.live("keeps the latest lines for a reader that stalls, no more, and every event", () =>
    withSwarm(({ watch, append, print, end, logged }) =>
      Effect.gen(function* () {
        const began = yield* Deferred.make<void>();
        const goOn = yield* Deferred.make<void>();
        const watcher = yield* watch().pipe(
          Stream.tap(({ seq }) =>
            Effect.andThen(
              Deferred.succeed(began, undefined),
              seq === undefined ? Effect.void : Deferred.await(goOn),
            ),
          ),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true }),
        );
        yield* Deferred.await(began);
        for (let n = 0; n < 100; n++) {
          yield* append(Array.from({ length: 500 }, () => resumed));
          for (let line = 0; line < 1000; line++) print(`${n} ${line}`);
        }
        yield* Deferred.succeed(goOn, undefined);
        end();
        const frames = yield* Fiber.join(watcher);
        assert.deepStrictEqual(eventsOf(frames), (yield* logged).slice(1));
        const lines = linesOf(frames);
        assert.isAtMost(lines.length, 1000);
        assert.deepStrictEqual(
          lines.slice(-500),
          Array.from({ length: 500 }, (_, n) => `99 ${500 + n}`),
        );
      }),
    ),
  );

  it.live("gives one state of a swarm that nobody works on, and what a watcher missed of it", () =>
    withSwarm(({ watch, append, end, logged }) =>
      Effect.gen(function* () {
        yield* append([resumed, resumed]);
        end();
        const seqs = yield* logged;
        assert.deepStrictEqual(
          (yield* Stream.runCollect(watch())).map(({ seq, update }) => [seq, update.kind]),
          [[seqs[2], "state"]],
        );
        assert.deepStrictEqual(eventsOf(yield* Stream.runCollect(watch(seqs[0]))), seqs.slice(1));
        assert.deepStrictEqual(eventsOf(yield* Stream.runCollect(watch(seqs[2]))), []);
      }),
    ),
  );
});
