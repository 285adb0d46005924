/**
 * What watchers of a swarm are shown. Events come from the log by their position, so a watcher that reads slowly
 * costs no memory and misses none. What agents print is in no log: of that, the latest lines wait for a slow reader,
 * and the ones before them are dropped.
 */
import { Effect, Latch, Option, type Scope, Stream } from "effect";
import type { NotFound, StorageError } from "../../../shared/contract/errors.ts";
import type { SwarmUpdate, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { followSwarm, type SwarmLog, swarmStream } from "./SwarmLog.ts";

/** An update, and the position in the log that a watcher has reached with it; what agents print has none. */
export interface SwarmFrame {
  readonly seq?: number;
  readonly update: SwarmUpdate;
}

/** So many printed lines wait for one watcher. */
const linesKept = 500;
const eventsAtOnce = 200;

interface Watcher {
  /** Open when there is something new. */
  readonly news: Latch.Latch;
  lines: Array<SwarmFrame>;
  /** The daemon stopped working on the swarm. */
  ended: boolean;
}

export type SwarmWatchers = ReturnType<typeof makeSwarmWatchers>;

export const makeSwarmWatchers = () => {
  const watchers = new Map<string, Set<Watcher>>();
  const of = (epicId: string): Iterable<Watcher> => watchers.get(epicId) ?? [];

  const join = (epicId: string): Effect.Effect<Watcher, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const watcher: Watcher = { news: Latch.makeUnsafe(false), lines: [], ended: false };
        const all = watchers.get(epicId) ?? new Set();
        watchers.set(epicId, all.add(watcher));
        return watcher;
      }),
      (watcher) =>
        Effect.sync(() => {
          const all = watchers.get(epicId);
          all?.delete(watcher);
          if (all?.size === 0) watchers.delete(epicId);
        }),
    );

  return {
    join,
    committed: (epicId: string): void => {
      for (const { news } of of(epicId)) news.openUnsafe();
    },
    printed: (epicId: string, cell: string, line: string): void => {
      for (const watcher of of(epicId)) {
        if (watcher.lines.length >= linesKept) watcher.lines.shift();
        watcher.lines.push({ update: { kind: "progress", cell, line } });
        watcher.news.openUnsafe();
      }
    },
    ended: (epicId: string): void => {
      for (const watcher of of(epicId)) {
        watcher.ended = true;
        watcher.news.openUnsafe();
      }
    },
    count: (): number => [...watchers.values()].reduce((sum, all) => sum + all.size, 0),
  };
};

/**
 * The state as of now, then what happens, until the daemon stops working on the swarm. With `after`, the position of
 * a watcher that comes back, the events since then follow the state.
 */
export const watchSwarm = (options: {
  readonly project: string;
  readonly epicId: string;
  readonly after: number | undefined;
  readonly watchers: SwarmWatchers;
  readonly viewOf: (log: SwarmLog) => SwarmView;
  readonly isLive: () => boolean;
}): Stream.Stream<SwarmFrame, NotFound | StorageError, EventStore> => {
  const { project, epicId, after, watchers, viewOf, isLive } = options;
  return Stream.unwrap(
    Effect.gen(function* () {
      const store = yield* EventStore;
      const watcher = yield* watchers.join(epicId);
      const log = yield* followSwarm(project, epicId);
      const state = (): SwarmUpdate => ({ kind: "state", swarm: viewOf(log) });
      if (!isLive()) watcher.ended = true;
      const start = after ?? log.seq();
      // Before the events that it has seen no more of, the state moves nobody on.
      const first: SwarmFrame = { ...(after === undefined ? { seq: start } : {}), update: state() };

      const next = Effect.fnUntraced(function* (sent: number) {
        watcher.news.closeUnsafe();
        // In this order: what was committed before the end is told before it.
        const { ended, lines } = watcher;
        const upTo = log.seq();
        watcher.lines = [];
        if (sent >= upTo) {
          if (ended) return [[...lines, { seq: sent, update: state() }], Option.none<number>()] as const;
          if (lines.length === 0) yield* watcher.news.await;
          return [lines, Option.some(sent)] as const;
        }
        const events = yield* Stream.runCollect(
          store.subscribe({ project, stream: swarmStream(epicId), after: sent, upTo, limit: eventsAtOnce }),
        );
        const reached = events.length < eventsAtOnce ? upTo : events.at(-1)!.seq;
        const told = events.map(
          (event): SwarmFrame => ({ seq: event.seq, update: { kind: "event", event } }),
        );
        const shown: ReadonlyArray<SwarmFrame> = reached < upTo ? [] : [{ seq: reached, update: state() }];
        return [[...lines, ...told, ...shown], Option.some(reached)] as const;
      });

      const isOver = watcher.ended && start >= log.seq();
      return isOver
        ? Stream.succeed(first)
        : Stream.concat(Stream.succeed(first), Stream.paginate(start, next));
    }),
  );
};
