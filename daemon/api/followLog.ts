/**
 * The log as a stream of frames with positions. The first frame says which store it is, so that a client that is cut
 * off before any event can go on too; or, to one that comes from another store, that what it has is void.
 */
import { Effect, Stream } from "effect";
import type { InvalidInput, StorageError } from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Frame } from "../../shared/router/RouteHandler.ts";
import { EventStore } from "../primitives/EventStore.ts";
import type { EventFilter } from "../primitives/eventQueries.ts";
import { streamPosition } from "./streamPosition.ts";

export const followLog = <E, R>(
  lastEventId: string | undefined,
  /** Where a client without a position begins. */
  from: number,
  filter: Effect.Effect<EventFilter, E, R>,
): Stream.Stream<Frame<StoredEvent>, E | InvalidInput | StorageError, R | EventStore> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const store = yield* EventStore;
      const { after: reached = 0, reset, idOf } = yield* streamPosition(lastEventId);
      const after = Math.max(reached, from);
      const first: Frame<StoredEvent> = {
        id: idOf(Math.min(after, yield* store.head)),
        ...(reset ? { reset } : {}),
      };
      // After the first frame: in another store what is asked for is perhaps not known.
      const events = Stream.unwrap(Effect.map(filter, (its) => store.follow({ ...its, after })));
      const later = Stream.map(
        events,
        ({ seq, event }): Frame<StoredEvent> => ({
          id: idOf(seq),
          ...(event === undefined ? {} : { data: event }),
        }),
      );
      return Stream.concat(Stream.succeed(first), later);
    }),
  );
