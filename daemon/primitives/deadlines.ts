/**
 * Many deadlines, one fiber: it sleeps until the earliest one. A deadline that is set again replaces the one before;
 * what is due is handed over once, in the order of the deadlines. What is cleared takes no memory.
 */
import { Cause, Deferred, Effect, type Scope } from "effect";
import type { AwakeClock } from "./AwakeClock.ts";
import { makePriorityQueue } from "./priorityQueue.ts";

export interface Deadlines {
  /** `at` is awake time, see `AwakeClock`. */
  readonly set: (key: string, at: number) => void;
  readonly clear: (key: string) => void;
  readonly clearAll: () => void;
}

interface Entry {
  readonly key: string;
  readonly at: number;
}

/**
 * `due` is given every key whose time has come; what it does not clear or set anew is forgotten. It decides again,
 * and sets the key anew when it finds that the time has not come: what it looks at may have moved on.
 */
export const makeDeadlines = Effect.fnUntraced(function* (
  clock: AwakeClock["Service"],
  due: (keys: ReadonlyArray<string>) => Effect.Effect<void>,
): Effect.fn.Return<Deadlines, never, Scope.Scope> {
  const entries = new Map<string, Entry>();
  let queue = makePriorityQueue<Entry>((a, b) => a.at < b.at);
  let wake = Deferred.makeUnsafe<void>();

  const clear = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    queue.remove(entry);
  };

  const round = Effect.gen(function* () {
    const woken = Deferred.await(wake);
    const first = queue.first();
    if (first === undefined) return yield* woken;
    yield* Effect.raceFirst(clock.sleepUntil(first.at), woken);
    const now = clock.now();
    const keys: Array<string> = [];
    for (let next = queue.first(); next !== undefined && next.at <= now; next = queue.first()) {
      clear(next.key);
      keys.push(next.key);
    }
    if (keys.length > 0) yield* due(keys);
  }).pipe(
    // One defect must not stop every later deadline.
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause)
        ? Effect.failCause(cause)
        : Effect.logError("what is due could not be dealt with", cause),
    ),
  );
  yield* Effect.forkScoped(Effect.forever(round));

  return {
    set: (key, at) => {
      clear(key);
      const entry = { key, at };
      entries.set(key, entry);
      queue.add(entry);
      if (queue.first() !== entry) return;
      const sleeping = wake;
      wake = Deferred.makeUnsafe<void>();
      Deferred.doneUnsafe(sleeping, Effect.void);
    },
    clear,
    clearAll: () => {
      entries.clear();
      queue = makePriorityQueue<Entry>((a, b) => a.at < b.at);
    },
  };
});
