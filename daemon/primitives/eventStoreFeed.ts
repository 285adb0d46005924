/**
 * History joined with what is appended later. A subscriber is a position in the log: it reads the log until it is
 * at the head, then waits to be woken. The latest events stay in memory, so a subscriber that keeps up reads no
 * SQL, and a slow one costs no memory.
 */
import { Clock, Deferred, Effect, Option, Stream } from "effect";
import type { StorageError } from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { type EventFilter, type EventQueries, pageSize, whole } from "./eventQueries.ts";

const kept = 2048;
/** Milliseconds after which a follower is told of what was left out, and the number of events that is not waited for. */
const tellAfter = 250;
const tellAtOnce = 1000;
/** Of a page, what a reader has not read yet waits in memory, and there may be many that have stalled. */
const followedAtOnce = 100;

/** A position in the log that a follower has reached, with the event there unless the filter leaves it out. */
export interface Followed {
  readonly seq: number;
  readonly event?: StoredEvent;
}

export const makeFeed = (options: { readonly queries: EventQueries; readonly head: () => number }) => {
  const { queries, head } = options;
  let recent: Array<StoredEvent> = [];
  let wake = Deferred.makeUnsafe<void>();

  const afterHead = (after: number): Effect.Effect<void> =>
    Effect.suspend(() =>
      head() > after ? Effect.void : Effect.andThen(Deferred.await(wake), () => afterHead(after)),
    );

  /** Matching events after `after`, and the position that is known with them. */
  const next = Effect.fnUntraced(function* (filter: EventFilter, after: number, limit: number) {
    const upTo = Math.min(head(), filter.upTo ?? head());
    const from = after + 1 - (recent[0]?.seq ?? Number.POSITIVE_INFINITY);
    if (from >= 0) {
      const part = recent.slice(from, from + Math.min(limit, upTo - after));
      return { events: part.filter((event) => matches(filter, event)), position: after + part.length };
    }
    const { events, more } = yield* queries.part({ ...filter, after, upTo, limit });
    return { events, position: more ? (events.at(-1)?.seq ?? upTo) : upTo };
  });

  return {
    publish: (events: ReadonlyArray<StoredEvent>): void => {
      recent = [...recent, ...events].slice(-kept);
      const woken = wake;
      wake = Deferred.makeUnsafe<void>();
      Deferred.doneUnsafe(woken, Effect.void);
    },

    /** An event's data changed in the log: what is remembered of it is given up. */
    forget: (seq: number): void => {
      if (recent.some((event) => event.seq === seq)) recent = [];
    },

    /**
     * Like `subscribe`, without an end, and it also tells how far the log is known when the filter leaves out what is
     * there: a follower that begins anew would otherwise have to look through all of it again.
     */
    follow: (given: EventFilter): Stream.Stream<Followed, StorageError> => {
      const filter = whole(given);
      const start = filter.after ?? 0;
      return Stream.paginate(
        { after: start, told: start, tellBy: Number.POSITIVE_INFINITY },
        Effect.fnUntraced(function* ({ after, told, tellBy }) {
          const left = Math.max(0, tellBy - (yield* Clock.currentTimeMillis));
          // Only the waiting is cut short, so nothing that was read can be lost.
          yield* after === told ? afterHead(after) : Effect.timeoutOption(afterHead(after), left);
          const { events, position } =
            head() > after ? yield* next(filter, after, followedAtOnce) : { events: [], position: after };
          const found: Array<Followed> = events.map((event) => ({ seq: event.seq, event }));
          const last = events.at(-1)?.seq ?? told;
          const now = yield* Clock.currentTimeMillis;
          const due = last === told && after > told ? tellBy : now + tellAfter;
          const tell = position > last && (position - last >= tellAtOnce || now >= due);
          if (tell) found.push({ seq: position });
          return [
            found,
            Option.some({ after: position, told: tell ? position : last, tellBy: due }),
          ] as const;
        }),
      );
    },

    subscribe: (given: EventFilter): Stream.Stream<StoredEvent, StorageError> => {
      const filter = whole(given);
      const end = filter.upTo ?? Number.POSITIVE_INFINITY;
      const start = { after: filter.after ?? 0, left: filter.limit ?? Number.POSITIVE_INFINITY };
      if (start.after >= end || start.left <= 0) return Stream.empty;
      return Stream.paginate(
        start,
        Effect.fnUntraced(function* ({ after, left }) {
          yield* afterHead(after);
          const { events, position } = yield* next(filter, after, Math.min(pageSize, left));
          const rest = { after: position, left: left - events.length };
          return [events, position < end && rest.left > 0 ? Option.some(rest) : Option.none()] as const;
        }),
      );
    },
  };
};

const matches = (filter: EventFilter, event: StoredEvent) =>
  (filter.tenant === undefined || event.tenant === filter.tenant) &&
  (filter.project === undefined || event.project === filter.project) &&
  (filter.stream === undefined || event.stream === filter.stream) &&
  (filter.types === undefined || filter.types.includes(event.type)) &&
  (filter.actor === undefined || event.actor === filter.actor);
