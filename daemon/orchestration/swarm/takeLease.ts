/**
 * Takes the lease of a subtask on its files before an agent starts. The lease belongs to the cell, not to a
 * process: it has no end of its own and lasts through gate, retries and merge queue.
 */
import { Effect, Stream } from "effect";
import type { SubtaskState } from "../../../shared/contract/swarmState.ts";
import { type Lease, Reservations } from "../../coordination/reservations/Reservations.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { SwarmRun } from "./SwarmRun.ts";

/** Leases with an end of their own end without an event; so a waiting subtask looks again this often. */
const lookAgainAfter = "15 seconds";

export const takeLease = Effect.fn("takeLease")(function* (run: SwarmRun, subtask: SubtaskState) {
  const reservations = yield* Reservations;
  const store = yield* EventStore;
  const project = run.project.id;
  for (;;) {
    const held = leaseOf(reservations.list(project), subtask.id);
    if (held !== undefined) return held;
    const after = yield* store.head;
    const taken = yield* reservations
      .reserve(run.log.origin(), {
        holder: subtask.id,
        patterns: subtask.files,
        ttlSeconds: null,
        cell: subtask.id,
        epic: run.epicId,
        reason: subtask.title,
      })
      .pipe(
        Effect.catchTag("LeaseConflict", (conflict) =>
          Effect.as(queued(run, subtask, conflict.message), undefined),
        ),
      );
    if (taken !== undefined) return taken;
    yield* store
      .subscribe({ project, stream: "lease", after })
      .pipe(Stream.take(1), Stream.runDrain, Effect.timeoutOption(lookAgainAfter));
  }
});

const queued = (run: SwarmRun, subtask: SubtaskState, why: string) => {
  run.progress(subtask.id, `waiting for its files: ${why}`);
  return Effect.logInfo("subtask waits for its files", { why });
};

/** The lease that a cell holds now. */
export const leaseOf = (leases: ReadonlyArray<Lease>, cell: string): Lease | undefined =>
  leases.find((lease) => lease.cell === cell);
