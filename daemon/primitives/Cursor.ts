/**
 * A named consumer of one project's events: it remembers how far it has come, across restarts. `stream` gives what
 * comes after the checkpoint, then what is appended later.
 *
 * Effects in the store happen **exactly once**: `commit` writes them and the new checkpoint in one transaction, and
 * is refused when another consumer of the same name has moved on meanwhile. Effects outside the store happen
 * **at least once**: a consumer that dies before its checkpoint sees the same events again.
 */
import { randomUUID } from "node:crypto";
import { Context, Effect, Layer, Result, Stream } from "effect";
import {
  ConcurrencyConflict,
  type EventRejected,
  InvalidInput,
  type StorageError,
} from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { checkpoints } from "./checkpoints.ts";
import {
  type Decision,
  EventStore,
  type Moment,
  type NewEvent,
  neverRejected,
  type Origin,
} from "./EventStore.ts";
import type { Row } from "./Projection.ts";

export interface CursorFilter {
  readonly stream?: string;
  readonly types?: ReadonlyArray<string>;
  readonly actor?: string;
}

export interface CursorHandle {
  /** The `seq` up to which everything is done; 0 at first. */
  readonly position: Effect.Effect<number>;
  /** What matches the filter after the checkpoint, and goes on live. */
  readonly stream: Stream.Stream<StoredEvent, StorageError>;
  /**
   * Everything up to `seq` is done. One that is behind the checkpoint changes nothing: it never moves back. It fails
   * with `ConcurrencyConflict` when another consumer of the name has moved on since this one was opened.
   */
  readonly checkpoint: (
    seq: number,
  ) => Effect.Effect<void, ConcurrencyConflict | InvalidInput | StorageError>;
  /**
   * Appends `events` and moves the checkpoint to `seq`, both or neither. Events that have ids and are in the log
   * already are answered as they are. `InvalidInput` says that events up to `seq` were committed before.
   */
  readonly commit: (
    seq: number,
    events: ReadonlyArray<NewEvent>,
  ) => Effect.Effect<
    ReadonlyArray<StoredEvent>,
    ConcurrencyConflict | EventRejected | InvalidInput | StorageError
  >;
}

export class Cursor extends Context.Service<
  Cursor,
  {
    readonly open: (
      origin: Origin,
      name: string,
      filter?: CursorFilter,
    ) => Effect.Effect<CursorHandle, InvalidInput | StorageError>;
  }
>()("opencode-vibe/primitives/Cursor") {
  static readonly layer = Layer.effect(
    Cursor,
    Effect.suspend(() => make),
  );
}

interface Place {
  readonly seq: number;
  readonly consumer: string;
}

const make = Effect.gen(function* () {
  const store = yield* EventStore;
  /** Ahead of the disk: for decisions only. */
  const places = new Map<string, Place>();
  const put = (project: string, row: Row) =>
    places.set(keyOf(project, String(row.name)), { seq: Number(row.seq), consumer: String(row.consumer) });
  yield* store.attach({
    load: Effect.map(store.rows(checkpoints.name), (rows) => {
      places.clear();
      for (const row of rows) put(String(row.project), row);
    }),
    applyEvent: () => undefined,
    applyState: (change) => {
      if (change.table === checkpoints.name && "set" in change)
        put(change.project, { ...change.key, ...change.set });
    },
  });

  return Cursor.of({
    open: Effect.fn("Cursor.open")(function* (origin, name, filter = {}) {
      const fault = faultOf(name, filter);
      if (fault !== undefined) return yield* new InvalidInput({ message: fault });
      const { project } = origin;
      const key = keyOf(project, name);
      const consumer = randomUUID();
      const [row] = yield* store.rows(checkpoints.name, { project, name });
      /** Where this consumer is; another one of the same name may be elsewhere. */
      let position = Number(row?.seq ?? 0);

      const checkSeq = Effect.fnUntraced(function* (seq: number) {
        const head = yield* store.head;
        const invalid = (message: string) => new InvalidInput({ message });
        if (!Number.isSafeInteger(seq) || seq < 0 || seq > head) {
          return yield* invalid(
            `${seq} is no position in this log, which ends at ${head}. Give the seq of an event that the cursor gave you.`,
          );
        }
        if (position > 0 || seq === 0) return;
        const first = yield* store.readAll({ project, limit: 1 });
        if (first.length === 0) {
          return yield* invalid(
            `The project ${project.slice(0, 200)} has no events, so there is nothing to be done with. Is it the right project?`,
          );
        }
      });

      const done = (seq: number, actual: number) =>
        new InvalidInput({
          message: `The cursor ${name} is at ${actual} already; events up to ${seq} were done before.`,
        });

      /** `none` is answered when this consumer itself is there already. */
      const move = <A, E>(seq: number, decided: (at: Moment) => Decision<A>, none: Result.Result<A, E>) =>
        Effect.andThen(
          checkSeq(seq),
          store.decide<A, ConcurrencyConflict | E>(origin, (moment) => {
            const actual = places.get(key);
            const isAt = actual?.seq ?? 0;
            // A call of our own may have come before this one and not been answered yet.
            if (isAt !== position && actual?.consumer !== consumer) {
              return Result.fail(movedOn(name, position, isAt));
            }
            if (seq <= isAt) return Result.map(none, (answer) => ({ events: [], answer: () => answer }));
            const { events, answer } = decided(moment);
            return Result.succeed({
              events,
              state: [{ table: checkpoints.name, key: { name }, set: { seq, consumer } }],
              answer,
            });
          }),
        );
      const reach = (seq: number) => {
        position = Math.max(position, seq);
      };
      const checkpoint = (seq: number) =>
        neverRejected(move(seq, () => ({ events: [], answer: () => reach(seq) }), Result.succeed(undefined)));

      const handle: CursorHandle = {
        position: Effect.sync(() => position),
        stream: Stream.suspend(() => store.subscribe({ ...filter, project, after: position })),
        checkpoint,
        commit: Effect.fnUntraced(function* (seq, events) {
          if (seq <= position) return yield* done(seq, position);
          const committed = yield* move(
            seq,
            (moment) => ({
              events,
              answer: (stored) => {
                // Events that are all there from before are not written again, and then neither is the checkpoint.
                const isWritten = events.length === 0 || stored.some((event) => event.seq >= moment.seq);
                if (isWritten) reach(seq);
                return { stored, isWritten };
              },
            }),
            Result.fail(done(seq, seq)),
          );
          if (!committed.isWritten) yield* checkpoint(seq);
          return committed.stored;
        }),
      };
      return handle;
    }),
  });
});

/** Why it can't be opened. */
const faultOf = (name: string, { stream, types, actor }: CursorFilter): string | undefined => {
  if (name === "" || name.length > longestText || /[\0\r\n]/.test(name))
    return "A cursor needs a name of 1 to 200 characters, without line breaks.";
  if (types?.length === 0)
    return "A cursor over no types of events would never get one; leave `types` out for all.";
  if (types !== undefined && types.length > longestText)
    return "A cursor can name 200 types of events at most.";
  for (const text of [stream, actor, ...(types ?? [])])
    if (text !== undefined && (text === "" || text.length > longestText))
      return "What a cursor filters by (stream, types, actor) has 1 to 200 characters.";
  return undefined;
};

const longestText = 200;
const keyOf = (project: string, name: string) => `${project}\n${name}`;

const movedOn = (name: string, expected: number, actual: number) =>
  new ConcurrencyConflict({
    message: `Another consumer of the cursor ${name} has moved it to ${actual}; this one is at ${expected}. Open it again and go on from there.`,
    stream: `cursor/${name}`,
    expected,
    actual,
  });
