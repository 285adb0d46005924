/**
 * Many deadlines, one fiber: it sleeps until the earliest one. A deadline that is set again replaces the one before;
 * what is due is handed over once, in the order of the deadlines.
 */
import { Deferred, Effect, type Scope } from "effect";
import type { AwakeClock } from "./AwakeClock.ts";

export interface Deadlines {
  /** `at` is awake time, see `AwakeClock`. */
  readonly set: (key: string, at: number) => void;
  readonly clear: (key: string) => void;
  readonly clearAll: () => void;
}

/** `due` is given every key whose time has come; what it does not clear or set anew is forgotten. */
export const makeDeadlines = Effect.fnUntraced(function* (
  clock: AwakeClock["Service"],
  due: (keys: ReadonlyArray<string>) => Effect.Effect<void>,
): Effect.fn.Return<Deadlines, never, Scope.Scope> {
  const deadlines = new Map<string, number>();
  /**
   * Ordered by time. A deadline that moved on keeps its old entry until that comes up, so one that is renewed
   * again and again has one entry.
   */
  const heap: Array<Entry> = [];
  const queued = new Map<string, number>();
  let wake = Deferred.makeUnsafe<void>();

  const enqueue = (key: string, at: number) => {
    if ((queued.get(key) ?? Number.POSITIVE_INFINITY) <= at) return;
    queued.set(key, at);
    push(heap, { key, at });
  };

  const earliest = (): Entry | undefined => {
    for (let first = heap[0]; first !== undefined; first = heap[0]) {
      const at = deadlines.get(first.key);
      if (at === first.at) return first;
      pop(heap);
      if (queued.get(first.key) !== first.at) continue;
      queued.delete(first.key);
      if (at !== undefined) enqueue(first.key, at);
    }
    return undefined;
  };

  const round = Effect.gen(function* () {
    const first = earliest();
    if (first === undefined) return yield* Deferred.await(wake);
    const woken = Deferred.await(wake);
    yield* Effect.raceFirst(clock.sleepUntil(first.at), woken);
    const now = clock.now();
    const keys: Array<string> = [];
    for (let next = earliest(); next !== undefined && next.at <= now; next = earliest()) {
      deadlines.delete(next.key);
      keys.push(next.key);
    }
    if (keys.length > 0) yield* due(keys);
  });
  yield* Effect.forkScoped(Effect.forever(round));

  return {
    set: (key, at) => {
      const before = heap[0];
      deadlines.set(key, at);
      enqueue(key, at);
      if (before !== undefined && before.at <= at) return;
      const sleeping = wake;
      wake = Deferred.makeUnsafe<void>();
      Deferred.doneUnsafe(sleeping, Effect.void);
    },
    clear: (key) => void deadlines.delete(key),
    clearAll: () => {
      deadlines.clear();
      queued.clear();
      heap.length = 0;
    },
  };
});

interface Entry {
  readonly key: string;
  readonly at: number;
}

const push = (heap: Array<Entry>, entry: Entry) => {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]!.at <= entry.at) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = entry;
};

const pop = (heap: Array<Entry>) => {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child = right < heap.length && heap[right]!.at < heap[left]!.at ? right : left;
    if (heap[child]!.at >= last.at) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
};
