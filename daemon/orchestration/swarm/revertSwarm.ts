/**
 * Undoes what landed, as landing lands: one commit on top of the target as it is now, which takes back exactly what
 * the epic had brought, moved to by fast-forward only, between an intent and a done event. What the target got since
 * stays. Files of the person's that are not in git are never touched.
 */
import { Clock, Effect } from "effect";
import { LandingRefused } from "../../../shared/contract/errors.ts";
import type { BranchMove } from "../../../shared/contract/events.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { maxPatterns } from "../../coordination/reservations/leaseRequest.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import { faultPoint } from "../../platform/FaultPoint.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import { listedPaths, revertRef, shortRef, toRevert } from "./branchAct.ts";
import { executeLanding, readUserRef, recoverLanding } from "./executeLanding.ts";
import { literally } from "./mergeTarget.ts";
import { planMove } from "./planLanding.ts";
import { swarmStream } from "./SwarmLog.ts";
import type { SwarmRun } from "./SwarmRun.ts";
import { unpin } from "./UserRepository.ts";

/** Only to be called with an approval in the log. */
export const revertSwarm = Effect.fn("revertSwarm")(function* (run: SwarmRun) {
  const { project } = run;
  const begun = run.log.epic().revert;
  if (begun !== undefined) {
    const state = yield* recoverLanding({ project, intent: begun, words: toRevert });
    if (state.kind === "landed") return yield* finish(run, begun);
    if (state.kind === "ask") return yield* refuse(run, state.message, state.paths);
    // Nothing was begun. Since then the target may have moved, so it is planned anew.
  }
  const plan = yield* planRevert(run).pipe(
    Effect.catchTag("LandingRefused", (refusal) =>
      Effect.as(refuse(run, refusal.message, refusal.paths), undefined),
    ),
  );
  // Whoever stops the daemon meanwhile waits: what was begun is brought to its end.
  if (plan !== undefined) yield* Effect.uninterruptible(revert(run, plan));
});

/** The commit that undoes it, and how the target gets there. */
const planRevert = Effect.fnUntraced(function* (run: SwarmRun) {
  const { project, epicId } = run;
  const { workshop } = project;
  const { landing, created, title } = run.log.epic();
  const { ref, old: before, new: landed } = landing!;
  const name = shortRef(ref);
  const old = yield* readUserRef(project, ref);
  if (old === undefined) {
    return yield* new LandingRefused({
      message: `${name} does not exist any more, so there is nothing to take back from it.`,
      paths: [],
    });
  }
  if (!(yield* workshop.isAncestor(landed, old))) {
    return yield* new LandingRefused({
      message: `${name} does not have ${landed.slice(0, 10)}, which landed, any more: its history was rewritten. Undo it by hand.`,
      paths: [],
    });
  }
  const author = project.identity;
  const at = new Date(yield* Clock.currentTimeMillis).toISOString();
  // The tree as it was before, as a change of what landed: merged into the target it takes back that and no more.
  const inverse = yield* workshop.commit({
    tree: yield* workshop.treeOf(before ?? created.base),
    parents: [landed],
    message: `The inverse of ${epicId}\n`,
    author,
    at,
  });
  const merge = yield* workshop.merge({ ours: old, theirs: inverse });
  if (merge.kind === "conflict") {
    return yield* new LandingRefused({
      message: `What landed can't be taken back by itself: ${name} has changed the same places since, in ${listedPaths(merge.paths)}. Revert first what changed them, or change them back by hand.`,
      paths: merge.paths,
    });
  }
  if (merge.tree === (yield* workshop.treeOf(old))) {
    return yield* new LandingRefused({
      message: `Nothing of ${epicId} is left on ${name} to take back.`,
      paths: [],
    });
  }
  const message = `Revert "${title}"\n\nTakes back ${epicId}, which landed as ${landed}.\n\nVibe-Reverts: ${epicId}\n`;
  const head = yield* workshop.commit({ tree: merge.tree, parents: [old], message, author, at });
  // The user's repository fetches it by this name.
  yield* workshop.moveRefs([{ ref: revertRef(epicId), new: head }]);
  return yield* planMove({ project, epicId, ref, old, head, words: toRevert });
});

const revert = Effect.fnUntraced(function* (run: SwarmRun, intent: BranchMove) {
  const reservations = yield* Reservations;
  const paths = intent.paths.map(({ path }) => path);
  const intended: NewEvent = { stream: swarmStream(run.epicId), type: "revert_intended", data: intent };
  const denied = yield* hold(run, paths).pipe(
    Effect.andThen(reservations.act(run.log.origin(), { epic: run.epicId, paths }, [intended])),
    Effect.as(undefined),
    Effect.catchTag(["LockNotHeld", "LeaseConflict", "InvalidInput"], ({ message }) =>
      Effect.succeed(message),
    ),
  );
  if (denied !== undefined) return yield* refuse(run, `It can't be taken back now: ${denied}`, []);
  yield* faultPoint("revert-intended");
  const done = yield* executeLanding({ project: run.project, intent, words: toRevert }).pipe(
    Effect.as(true),
    Effect.catchTag("LandingRefused", (refusal) =>
      Effect.as(refuse(run, refusal.message, refusal.paths), false),
    ),
  );
  yield* faultPoint("revert-applied");
  if (done) yield* finish(run, intent);
});

/** Exactly these files: others may be at work beside them. They are given up with the event that ends this. */
const hold = Effect.fnUntraced(function* (run: SwarmRun, paths: ReadonlyArray<string>) {
  const reservations = yield* Reservations;
  const reason = `takes back ${run.epicId}`;
  for (let i = 0; i < paths.length; i += maxPatterns) {
    const patterns = paths.slice(i, i + maxPatterns).map(literally);
    const request = { holder: run.epicId, epic: run.epicId, patterns, ttlSeconds: null, reason };
    yield* reservations.reserve(run.log.origin(), request);
  }
});

/** It stands as landed, as before; the files are anybody's again. */
const refuse = (run: SwarmRun, message: string, paths: ReadonlyArray<string>) =>
  end(run, "not reverted", [
    { stream: swarmStream(run.epicId), type: "revert_refused", data: { epic: run.epicId, message, paths } },
  ]);

const finish = Effect.fnUntraced(function* (run: SwarmRun, { ref, new: commit }: BranchMove) {
  const hive = yield* Hive;
  yield* end(run, "reverted", [
    { stream: swarmStream(run.epicId), type: "reverted", data: { epic: run.epicId, ref, commit } },
    ...(yield* hive.changes(run.log.origin(), run.epicId, { status: "closed", close_reason: "reverted" })),
  ]);
});

const end = Effect.fnUntraced(function* (run: SwarmRun, reason: string, events: ReadonlyArray<NewEvent>) {
  const reservations = yield* Reservations;
  const { workshop } = run.project;
  // Before the event, so that a kill in between leaves nothing for ever.
  yield* unpin(run.project.root, run.epicId);
  if ((yield* workshop.readRef(revertRef(run.epicId))) !== undefined)
    yield* workshop.moveRef(revertRef(run.epicId), { old: null, new: null });
  yield* reservations.endEpic(run.log.origin(), run.epicId, reason, events);
});
