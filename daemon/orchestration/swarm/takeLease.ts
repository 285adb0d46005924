/**
 * Takes the lease of a subtask on its files before an agent starts. The lease belongs to the cell, not to a
 * process: it has no end of its own and lasts through gate, retries and merge queue. While somebody else has the
 * files the cell waits in the queue, in a place that lasts across restarts.
 */
import { Deferred, Effect } from "effect";
import type { SubtaskState } from "../../../shared/contract/swarmState.ts";
import { type Lease, Reservations } from "../../coordination/reservations/Reservations.ts";
import type { SwarmRun } from "./SwarmRun.ts";

/** How long one call waits; then it says whom the cell waits for, and waits on in its place. */
const oneWait = "1 minute";

export const takeLease = Effect.fn("takeLease")(function* (run: SwarmRun, subtask: SubtaskState) {
  const reservations = yield* Reservations;
  const request = {
    holder: subtask.id,
    patterns: subtask.files,
    ttlSeconds: null,
    cell: subtask.id,
    epic: run.epicId,
    reason: subtask.title,
  };
  let told = "";
  for (let wait: "0 millis" | typeof oneWait = "0 millis"; ; wait = oneWait) {
    const outcome = yield* reservations.reserveOrWait(run.log.origin(), request, wait).pipe(
      // Two swarms wait for each other's files: whoever looks again later may find that one has ended.
      Effect.catchTag("Deadlock", (refusal) =>
        Effect.as(Effect.delay(tell(run, subtask, refusal.message), oneWait), undefined),
      ),
    );
    if (outcome?.kind === "granted") return outcome.lease;
    const why = outcome?.ticket.conflicts.map((one) => `${one.held} (${one.holder})`).join(", ") ?? told;
    if (why !== told) yield* tell(run, subtask, `waiting for its files: ${why}`);
    told = why;
  }
});

const tell = (run: SwarmRun, subtask: SubtaskState, line: string) => {
  run.progress(subtask.id, line);
  return Effect.logInfo("subtask waits for its files", { line });
};

/** Gives up the cell's place among those who wait. */
export const leaveQueue = Effect.fn("leaveQueue")(function* (run: SwarmRun, cell: string) {
  const reservations = yield* Reservations;
  for (const { holder, ticket } of reservations.queue(run.project.id)) {
    if (holder !== cell) continue;
    // It may have been given the files this moment; then it has them for when it goes on.
    yield* Effect.catchTag(
      reservations.withdraw(run.log.origin(), cell, ticket),
      "NotFound",
      () => Effect.void,
    );
  }
});

/** Returns when the cell does not hold its files any more: the person took them over. */
export const leaseLost = Effect.fn("leaseLost")(function* (run: SwarmRun, cell: string) {
  const reservations = yield* Reservations;
  const project = run.project.id;
  const lost = Deferred.makeUnsafe<void>();
  const look = () => {
    if (leaseOf(reservations.list(project), cell) === undefined) Deferred.doneUnsafe(lost, Effect.void);
  };
  yield* reservations.onChange((changed) => {
    if (changed === project) look();
  });
  look();
  yield* Deferred.await(lost);
  run.progress(cell, "its files were taken over; the attempt is stopped");
  yield* Effect.logInfo("the files of a subtask were taken over; its attempt is stopped");
}, Effect.scoped);

/** The lease that a cell holds now. */
export const leaseOf = (leases: ReadonlyArray<Lease>, cell: string): Lease | undefined =>
  leases.find((lease) => lease.cell === cell);
