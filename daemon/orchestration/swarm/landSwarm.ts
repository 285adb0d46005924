/**
 * Lands a swarm: brings the target's own new commits in, has the result judged, and moves the target, by
 * fast-forward only and for exactly the commit that was approved. This is the one act of ours
 * that touches the user's branch and files.
 */
import { Effect } from "effect";
import { NotNow } from "../../../shared/contract/errors.ts";
import type { BranchMove } from "../../../shared/contract/events.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import { faultPoint } from "../../platform/FaultPoint.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import { toLand } from "./branchAct.ts";
import { executeLanding, recoverLanding } from "./executeLanding.ts";
import { finishTargetMerge, mergeTarget } from "./mergeTarget.ts";
import { planLanding } from "./planLanding.ts";
import { swarmStream } from "./SwarmLog.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { unpin } from "./UserRepository.ts";

/**
 * `landed`; `refused`: the log says why; `again`: the target had moved and was merged in, or a subtask was
 * added that reconciles the two, so the swarm has to be looked at once more.
 */
export type LandingOutcome = "landed" | "refused" | "again";

/** Only to be called with an approval in the log. */
export const landSwarm = Effect.fn("landSwarm")(function* (run: SwarmRun) {
  yield* finishTargetMerge(run);
  if (run.log.epic().status === "landing") {
    const intent = run.log.epic().landing!;
    const state = yield* recoverLanding({ project: run.project, intent, words: toLand });
    if (state.kind === "landed") return yield* finishLanding(run);
    if (state.kind === "ask") return yield* refuse(run, state.message, state.paths);
    // Nothing was begun. Since then the user may have switched branches, so how to land is asked anew.
  }
  const { approval, head, created } = run.log.epic();
  if (approval === undefined || (approval.commit !== null && approval.commit !== head)) {
    return yield* new NotNow({ message: `The landing of ${head} is not approved.` });
  }
  const plan = yield* planLanding({
    project: run.project,
    epicId: run.epicId,
    target: created.target,
    head,
  }).pipe(
    Effect.catchTag("LandingRefused", (refusal) => Effect.succeed({ kind: "refused", refusal } as const)),
  );
  if (plan.kind === "refused") return yield* refuse(run, plan.refusal.message, plan.refusal.paths);
  if (plan.kind === "target-moved") return yield* mergeTarget(run, plan.target);
  // Whoever cancels meanwhile waits: a landing that was begun is brought to its end.
  return yield* Effect.uninterruptible(land(run, plan.intent));
});

const land = Effect.fnUntraced(function* (run: SwarmRun, intent: BranchMove) {
  const reservations = yield* Reservations;
  const intended: NewEvent = { stream: swarmStream(run.epicId), type: "landing_intended", data: intent };
  const denied = yield* holdAgain(run).pipe(
    Effect.andThen(
      reservations.act(run.log.origin(), { epic: run.epicId, paths: changedPaths(run) }, [intended]),
    ),
    Effect.as(undefined),
    Effect.catchTag(["LockNotHeld", "LeaseConflict"], ({ message }) => Effect.succeed(message)),
  );
  if (denied !== undefined) return yield* refuse(run, `It can't land now: ${denied}`, []);
  yield* faultPoint("landing-intended");
  const done = yield* executeLanding({ project: run.project, intent, words: toLand }).pipe(
    Effect.as(true),
    Effect.catchTag("LandingRefused", (refusal) =>
      Effect.as(refuse(run, refusal.message, refusal.paths), false),
    ),
  );
  yield* faultPoint("landing-applied");
  return done ? yield* finishLanding(run) : refused;
});

/** Everything that the swarm's subtasks changed: the epic has to hold all of it still. */
const changedPaths = (run: SwarmRun): ReadonlyArray<string> =>
  run.log.epic().subtaskIds.flatMap((id) => run.log.subtask(id).changed);

/** The person may have taken over what was merged already: the epic asks for it again before it lands it. */
const holdAgain = Effect.fnUntraced(function* (run: SwarmRun) {
  const reservations = yield* Reservations;
  const project = run.project.id;
  const isHeld = (path: string) =>
    reservations.check(project, path).some((lease) => lease.epic === run.epicId);
  for (const id of run.log.epic().subtaskIds) {
    const { changed, files, title } = run.log.subtask(id);
    if (changed.every(isHeld)) continue;
    yield* reservations
      .reserve(run.log.origin(), {
        holder: run.epicId,
        epic: run.epicId,
        patterns: files,
        ttlSeconds: null,
        reason: title,
      })
      // They were good enough for a lease before.
      .pipe(Effect.catchTag("InvalidInput", Effect.die));
  }
});

const refused: LandingOutcome = "refused";

const refuse = (run: SwarmRun, message: string, paths: ReadonlyArray<string>) =>
  run.log
    .append([
      {
        stream: swarmStream(run.epicId),
        type: "landing_refused",
        data: { epic: run.epicId, message, paths },
      },
    ])
    .pipe(Effect.as(refused));

const finishLanding = Effect.fnUntraced(function* (run: SwarmRun) {
  const hive = yield* Hive;
  const reservations = yield* Reservations;
  const { ref, new: commit } = run.log.epic().landing!;
  // The branch has the commits now. Before the done event, so that a kill in between leaves no pin for ever.
  yield* unpin(run.project.root, run.epicId);
  yield* reservations.endEpic(run.log.origin(), run.epicId, "landed", [
    { stream: swarmStream(run.epicId), type: "landed", data: { epic: run.epicId, ref, commit } },
    ...(yield* hive.changes(run.log.origin(), run.epicId, { status: "closed", close_reason: "landed" })),
  ]);
  const outcome: LandingOutcome = "landed";
  return outcome;
});
