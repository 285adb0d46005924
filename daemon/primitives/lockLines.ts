/** Who waits for which lock, in the order in which they came. In memory, as the calls are that wait. */
import { Deferred, Effect } from "effect";
import { type LockHeld, StorageError } from "../../shared/contract/errors.ts";
import type { Held } from "./Lock.ts";

/** Somebody who stands in line. Its grant is known by the id of the event. */
export interface Waiter {
  readonly holder: string;
  /** Milliseconds. */
  readonly ttl: number;
  readonly grant: string;
  readonly served: Deferred.Deferred<Held, LockHeld | StorageError>;
  /** Nobody waits for it any more: what it is granted goes back at once. */
  gone: boolean;
}

export const lockLines = () => {
  const lines = new Map<string, Set<Waiter>>();
  const leave = (key: string, waiter: Waiter) => {
    const line = lines.get(key);
    line?.delete(waiter);
    if (line?.size === 0) lines.delete(key);
  };
  const refuse = (key: string, waiter: Waiter, error: LockHeld | StorageError) => {
    leave(key, waiter);
    waiter.gone = true;
    Deferred.doneUnsafe(waiter.served, Effect.fail(error));
  };
  return {
    join: (key: string, waiter: Waiter) => {
      const line = lines.get(key) ?? new Set();
      lines.set(key, line.add(waiter));
    },
    leave,
    /** The first of those for whom `passes`. */
    first: (key: string, passes: (waiter: Waiter) => boolean): Waiter | undefined => {
      for (const waiter of lines.get(key) ?? []) if (passes(waiter)) return waiter;
      return undefined;
    },
    /** Those who wait under the name of who has it now would wait for themselves. */
    refuseOthersOf: (key: string, holder: string, grant: string, error: () => LockHeld) => {
      for (const waiter of [...(lines.get(key) ?? [])])
        if (waiter.holder === holder && waiter.grant !== grant) refuse(key, waiter, error());
    },
    /** Nobody is served any more. */
    close: () => {
      const closed = new StorageError({ code: "CLOSED", message: "The store is closed." });
      for (const [key, line] of [...lines]) for (const waiter of [...line]) refuse(key, waiter, closed);
    },
  };
};
