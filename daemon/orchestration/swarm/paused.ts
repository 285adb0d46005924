/** How a pause is felt by what is about to begin. What is under way is not stopped. */
import { Deferred, Effect } from "effect";
import { EventStore } from "../../primitives/EventStore.ts";
import type { SwarmRun } from "./SwarmRun.ts";

/** Returns when the swarm is paused. */
export const paused = Effect.fn("paused")(function* (run: SwarmRun) {
  const store = yield* EventStore;
  const isPaused = Deferred.makeUnsafe<void>();
  const look = () => {
    if (run.log.epic().paused) Deferred.doneUnsafe(isPaused, Effect.void);
  };
  // The log folds what was committed before this is told of it: it has listened for longer.
  yield* store.onCommit(look);
  look();
  yield* Deferred.await(isPaused);
}, Effect.scoped);

/** Asked at the last moment: what waited for its turn may have waited through the decision to pause. */
export const unlessPaused = <A, E, R>(run: SwarmRun, begin: Effect.Effect<A, E, R>) =>
  Effect.suspend(
    (): Effect.Effect<A | undefined, E, R> => (run.log.epic().paused ? Effect.undefined : begin),
  );
