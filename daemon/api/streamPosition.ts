/**
 * Where a stream of the log goes on for a client that comes back with the id of its last frame: `<store id>:<seq>`.
 * An id of another store, or beyond the end of this one (a copy of the store was put back), is void: the client is
 * told so by a reset, and begins anew.
 */
import { Effect } from "effect";
import { InvalidInput } from "../../shared/contract/errors.ts";
import { EventStore } from "../primitives/EventStore.ts";

export interface StreamPosition {
  /** Undefined for a client that begins; also after a reset. */
  readonly after: number | undefined;
  readonly reset: boolean;
  readonly idOf: (seq: number) => string;
}

export const streamPosition = Effect.fnUntraced(function* (lastEventId: string | undefined) {
  const { storeId, head } = yield* EventStore;
  const idOf = (seq: number) => `${storeId}:${seq}`;
  const begin: StreamPosition = { after: undefined, reset: false, idOf };
  if (lastEventId === undefined || lastEventId === "") return begin;
  const [, store, digits] = /^([^:]+):(\d{1,15})$/.exec(lastEventId) ?? [];
  if (store === undefined) {
    return yield* new InvalidInput({
      message: `"${lastEventId.slice(0, 100)}" is no position in the log: <store>:<seq>.`,
    });
  }
  const after = Number(digits);
  if (store !== storeId || after > (yield* head)) return { ...begin, reset: true };
  return { ...begin, after };
});
