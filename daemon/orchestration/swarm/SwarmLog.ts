/**
 * The log of one swarm: its events, folded. What the engine decides from is this fold and nothing else, so that
 * a daemon that was killed continues where the log says.
 */
import { Effect, type Scope, Stream } from "effect";
import { NotFound, type StorageError } from "../../../shared/contract/errors.ts";
import type { Actor, StoredEvent } from "../../../shared/contract/events.ts";
import {
  type EpicState,
  emptySwarm,
  evolveSwarm,
  type SubtaskState,
  type SwarmProjection,
} from "../../../shared/contract/swarmState.ts";
import { EventStore, type NewEvent, type Origin } from "../../primitives/EventStore.ts";

export const swarmStream = (epic: string): string => `swarm/${epic}`;

export interface SwarmLog {
  readonly epicId: string;
  readonly state: () => SwarmProjection;
  readonly epic: () => EpicState;
  readonly subtask: (id: string) => SubtaskState;
  /** Sequence number of the last event folded in. */
  readonly seq: () => number;
  /** Appends in the name of the daemon; the state has the events when this returns. */
  readonly append: (events: ReadonlyArray<NewEvent>) => Effect.Effect<void, StorageError>;
  readonly origin: (actor?: Actor) => Origin;
}

/** Follows a swarm's stream for the life of the scope. */
export const followSwarm = Effect.fn("followSwarm")(function* (
  project: string,
  epicId: string,
): Effect.fn.Return<SwarmLog, NotFound | StorageError, EventStore | Scope.Scope> {
  const store = yield* EventStore;
  const stream = swarmStream(epicId);
  let state = emptySwarm;
  let seq = 0;
  const fold = (event: StoredEvent) => {
    if (event.seq <= seq || event.project !== project || event.stream !== stream) return;
    state = evolveSwarm(state, event);
    seq = event.seq;
  };
  // What is committed while the history is read is kept and folded after it.
  let early: Array<StoredEvent> | undefined = [];
  yield* store.onCommit((events) => {
    if (early === undefined) events.forEach(fold);
    else early.push(...events);
  });
  yield* Stream.runForEach(store.read({ project, stream }), (event) => Effect.sync(() => fold(event)));
  early.forEach(fold);
  early = undefined;
  if (!state.epics.has(epicId)) {
    return yield* new NotFound({
      message: `There is no swarm ${epicId} in this project; \`status\` lists them.`,
    });
  }
  const origin = (actor: Actor = "daemon"): Origin => ({ project, actor, correlation: epicId });
  return {
    epicId,
    state: () => state,
    epic: () => state.epics.get(epicId)!,
    subtask: (id) => state.subtasks.get(id)!,
    seq: () => seq,
    origin,
    append: (events) =>
      store.append(origin(), events).pipe(
        Effect.asVoid,
        // No expectation and no id is given here, and the data is typed: only storage can fail.
        Effect.catchTag(["ConcurrencyConflict", "EventRejected"], Effect.die),
      ),
  };
});
