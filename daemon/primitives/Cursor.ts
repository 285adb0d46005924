/**
 * A named consumer of one project's events: it remembers how far it has come, across restarts. `stream` gives what
 * comes after the checkpoint, then what is appended later.
 *
 * Effects in the store happen **exactly once**: `commit` writes them and the new checkpoint in one transaction, and
 * is refused when another consumer of the same name has moved on meanwhile. Effects outside the store happen
 * **at least once**: a consumer that dies before its checkpoint sees the same events again.
 */
import { Context, Effect, Layer, Result, type Stream } from "effect";
import {
  ConcurrencyConflict,
  type EventRejected,
  InvalidInput,
  type StorageError,
} from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import { checkpoints } from "./checkpoints.ts";
import { type Decision, EventStore, type NewEvent, neverRejected, type Origin } from "./EventStore.ts";

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
  /** Everything up to `seq` is done. One that is behind the checkpoint changes nothing: it never moves back. */
  readonly checkpoint: (
    seq: number,
  ) => Effect.Effect<void, ConcurrencyConflict | InvalidInput | StorageError>;
  /** Appends `events` and moves the checkpoint to `seq`, both or neither. */
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

const make = Effect.gen(function* () {
  const store = yield* EventStore;
  /** Ahead of the disk: for decisions only. */
  const reached = new Map<string, number>();
  yield* store.attach({
    load: Effect.map(store.rows(checkpoints.name), (rows) => {
      reached.clear();
      for (const row of rows) reached.set(keyOf(String(row.project), String(row.name)), Number(row.seq));
    }),
    applyEvent: () => undefined,
    applyState: (change) => {
      if (change.table === checkpoints.name && "set" in change)
        reached.set(keyOf(change.project, String(change.key.name)), Number(change.set.seq));
    },
  });

  return Cursor.of({
    open: Effect.fn("Cursor.open")(function* (origin, name, filter = {}) {
      if (name === "" || name.length > 200 || /[\0\r\n]/.test(name)) {
        return yield* new InvalidInput({
          message: "A cursor needs a name of 1 to 200 characters, without line breaks.",
        });
      }
      const { project } = origin;
      const key = keyOf(project, name);
      const [row] = yield* store.rows(checkpoints.name, { project, name });
      /** Where this consumer is; another one of the same name may be elsewhere. */
      let position = Number(row?.seq ?? 0);

      const move = Effect.fnUntraced(function* <A>(seq: number, decided: Decision<A>) {
        const head = yield* store.head;
        if (!Number.isSafeInteger(seq) || seq < 0 || seq > head) {
          return yield* new InvalidInput({
            message: `${seq} is no position in this log, which ends at ${head}. Give the seq of an event that the cursor gave you.`,
          });
        }
        return yield* store.decide(origin, () => {
          const actual = reached.get(key) ?? 0;
          if (actual !== position) return Result.fail(movedOn(name, position, actual));
          return Result.succeed({
            events: decided.events,
            state: [{ table: checkpoints.name, key: { name }, set: { seq } }],
            answer: (stored) => {
              position = seq;
              return decided.answer(stored);
            },
          });
        });
      });

      const handle: CursorHandle = {
        position: Effect.sync(() => position),
        get stream() {
          return store.subscribe({ ...filter, project, after: position });
        },
        checkpoint: (seq) =>
          seq <= position ? Effect.void : neverRejected(move(seq, { events: [], answer: () => undefined })),
        commit: (seq, events) =>
          seq <= position
            ? Effect.fail(
                new InvalidInput({
                  message: `The cursor ${name} is at ${position} already; events up to ${seq} were done before.`,
                }),
              )
            : move(seq, { events, answer: (stored) => stored }),
      };
      return handle;
    }),
  });
});

const keyOf = (project: string, name: string) => `${project}\n${name}`;

const movedOn = (name: string, expected: number, actual: number) =>
  new ConcurrencyConflict({
    message: `Another consumer of the cursor ${name} has moved it to ${actual}; this one is at ${expected}. Open it again and go on from there.`,
    stream: `cursor/${name}`,
    expected,
    actual,
  });
