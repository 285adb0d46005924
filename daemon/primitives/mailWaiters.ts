/**
 * Calls that wait for mail, in the order in which they came. A wake-up is for one of them. It says that there may be
 * something now: whoever is woken looks, and passes the wake-up on when it leaves without having looked.
 */
import { Deferred, Effect } from "effect";

export interface Waiter {
  /** From now on it can be woken. */
  readonly listen: () => void;
  /** Somebody woke it since it listened. */
  readonly wasWoken: () => boolean;
  readonly woken: Effect.Effect<void>;
  readonly leave: () => void;
}

export type Waiters = ReturnType<typeof makeWaiters>;

interface Listening {
  woken: boolean;
  signal: Deferred.Deferred<void>;
}

export const makeWaiters = () => {
  const lines = new Map<string, Set<Listening>>();

  const wake = (key: string, count: number) => {
    let left = count;
    for (const one of lines.get(key) ?? []) {
      if (left === 0) return;
      if (one.woken) continue;
      one.woken = true;
      Deferred.doneUnsafe(one.signal, Effect.void);
      left -= 1;
    }
  };

  return {
    wake,
    /** Takes a place in the line; it keeps it until it leaves. */
    join: (key: string): Waiter => {
      const one: Listening = { woken: true, signal: Deferred.makeUnsafe() };
      const line = lines.get(key) ?? new Set();
      lines.set(key, line.add(one));
      return {
        listen: () => {
          one.woken = false;
          one.signal = Deferred.makeUnsafe();
        },
        wasWoken: () => one.woken,
        woken: Effect.suspend(() => Deferred.await(one.signal)),
        leave: () => {
          line.delete(one);
          if (line.size === 0 && lines.get(key) === line) lines.delete(key);
        },
      };
    },
  };
};
