/** What the person decides about a swarm that exists: resume, cancel, discard, land, and answer the gate. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import { NotFound, NotNow } from "../../../shared/contract/errors.ts";
import { type EpicState, type EpicStatus, isOver } from "../../../shared/contract/swarmState.ts";
import { safeName } from "../../coordination/hive/cellId.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { killStrays } from "../../platform/strays.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import { decide, epicOf, inTurn, openSwarm, refuseLanding, refuseOver, type Which } from "./decision.ts";
import type { OpenProject } from "./Projects.ts";
import { type SwarmLog, swarmStream } from "./SwarmLog.ts";
import { Swarms } from "./Swarms.ts";
import { unpin } from "./UserRepository.ts";

/** Continues a swarm from where its log says it stands, also one that is paused. */
export const resumeSwarm = (which: Which) => inTurn(which.epic, resume(which));

const resume = Effect.fn("resumeSwarm")(function* (which: Which) {
  const { project, log, swarms } = yield* openSwarm(which);
  yield* refuseOver(log, "resumed");
  const stream = swarmStream(which.epic);
  const data = { epic: which.epic };
  const resumed: ReadonlyArray<NewEvent> = swarms.isLive(which.epic)
    ? []
    : [{ stream, type: "swarm_resumed", data }];
  const unpaused: ReadonlyArray<NewEvent> = log.epic().paused
    ? [{ stream, type: "swarm_unpaused", data }]
    : [];
  if (resumed.length + unpaused.length > 0) {
    yield* decide(log, [...resumed, ...unpaused]);
    yield* swarms.launch(Effect.succeed(project), which.epic);
  }
  return yield* swarms.view(project.id, which.epic);
}, Effect.scoped);

/** Ends a swarm: agents are stopped and leases freed; what was merged stays on its branch until discarded. */
export const cancelSwarm = (which: Which) => inTurn(which.epic, cancel(which));

const cancel = Effect.fn("cancelSwarm")(function* (which: Which) {
  const { project, log, swarms } = yield* openSwarm(which);
  yield* refuseOver(log, "cancelled");
  yield* refuseLanding(log);
  yield* stopWork(which, log);
  // A landing that was under way was completed first.
  yield* refuseOver(log, "cancelled");
  yield* refuseLanding(log);
  yield* close(log, "cancelled", {
    stream: swarmStream(which.epic),
    type: "swarm_cancelled",
    data: { epic: which.epic, reason: "by the person" },
  });
  yield* removeFolders(project, which.epic);
  return yield* swarms.view(project.id, which.epic);
}, Effect.scoped);

/** Ends a swarm for good: its branches and pins go, nothing of it is left in the user's repository. */
export const discardSwarm = (which: Which) => inTurn(which.epic, discard(which));

const discard = Effect.fn("discardSwarm")(function* (which: Which) {
  const { project, log, swarms } = yield* openSwarm(which);
  const { status } = log.epic();
  if (hasLanded(status)) yield* refuseOver(log, "discarded");
  yield* refuseLanding(log);
  if (status !== "discarded") {
    yield* stopWork(which, log);
    if (hasLanded(log.epic().status)) yield* refuseOver(log, "discarded");
    yield* refuseLanding(log);
    yield* close(log, "discarded", {
      stream: swarmStream(which.epic),
      type: "swarm_discarded",
      data: { epic: which.epic },
    });
  }
  // Also for one that is discarded already: the first time may have been cut short here.
  yield* unpin(project.root, which.epic);
  for (const name of [which.epic, ...log.epic().subtaskIds.map(safeName)]) {
    const ref = `refs/heads/swarm/${name}`;
    if ((yield* project.workshop.readRef(ref)) !== undefined)
      yield* project.workshop.moveRef(ref, { old: null, new: null });
  }
  yield* removeFolders(project, which.epic);
  return yield* swarms.view(project.id, which.epic);
}, Effect.scoped);

const hasLanded = (status: EpicStatus) => status === "landed" || status === "reverted";

/** Approves the landing of exactly this commit, and lands it. The answer comes when that is over. */
export const approveLanding = Effect.fn("approveLanding")(function* (which: LandingChoice) {
  const swarms = yield* Swarms;
  const projectId = yield* inTurn(which.epic, approve(which));
  yield* swarms.awaitEnd(which.epic);
  return yield* swarms.view(projectId, which.epic);
});

interface LandingChoice extends Which {
  /** The head that the person saw. */
  readonly commit: string;
  readonly unchecked?: boolean;
}

const approve = Effect.fn("approve")(function* (which: LandingChoice) {
  const { project, log, swarms } = yield* openSwarm(which);
  yield* refuseOver(log, "landed");
  const { status, head, created } = log.epic();
  if (status !== "ready") {
    return yield* new NotNow({ message: notReady(log.epic(), swarms.isLive(which.epic)) });
  }
  if (head !== which.commit) {
    return yield* new NotNow({
      message: `What would land is ${head.slice(0, 10)} now, not ${which.commit.slice(0, 10)}, which you looked at. Look again, and land that.`,
    });
  }
  if (created.checks.length === 0 && which.unchecked !== true) {
    return yield* new NotNow({
      message:
        "Nothing has checked this work, because the project has no checks. Look at it, then say so with --land-unchecked.",
    });
  }
  const approval = { epic: which.epic, commit: which.commit, unchecked: which.unchecked === true };
  yield* decide(log, [{ stream: swarmStream(which.epic), type: "landing_approved", data: approval }]);
  yield* swarms.launch(Effect.succeed(project), which.epic);
  return project.id;
}, Effect.scoped);

/** The person's answer to a change that weakens the checks; it is bound to the tree that was shown. */
export const answerGate = (request: GateAnswer) => inTurn(epicOf(request.cell), answer(request));

export interface GateAnswer {
  readonly project: string;
  readonly cell: string;
  readonly accept: boolean;
  readonly text?: string;
}

const answer = Effect.fn("answerGate")(function* (request: GateAnswer) {
  const epic = epicOf(request.cell);
  const unasked = new NotFound({
    message: `${request.cell} waits for no answer; \`inbox\` lists what does.`,
  });
  const { project, log, swarms } = yield* openSwarm({ project: request.project, epic }).pipe(
    // The person named a cell: that its would-be epic is unknown says nothing to them.
    Effect.catchTag("NotFound", () => Effect.fail(unasked)),
  );
  const subtask = log.state().subtasks.get(request.cell);
  const last = subtask?.attempts.at(-1);
  if (isOver(log.epic()) || subtask?.phase !== "held" || last?.held === undefined) return yield* unasked;
  const data = {
    cell: request.cell,
    attempt: last.attempt,
    tree: last.held.tree,
    accepted: request.accept,
    ...(request.text === undefined ? {} : { text: request.text }),
  };
  yield* decide(log, [{ stream: swarmStream(epic), type: "gate_answered", data }]);
  yield* swarms.launch(Effect.succeed(project), epic);
  return yield* swarms.view(project.id, epic);
}, Effect.scoped);

const notReady = (epic: EpicState, live: boolean): string =>
  live
    ? `${epic.created.epic} is still being worked on; \`status ${epic.created.epic} --watch\` shows it.`
    : epic.status === "landing"
      ? `The landing of ${epic.created.epic} was cut short; \`resume ${epic.created.epic}\` completes it.`
      : `${epic.created.epic} is not finished: some subtasks are not merged. \`status ${epic.created.epic}\` says which.`;

/** Ends the fiber, and whatever a daemon that is gone may have left running. */
const stopWork = Effect.fnUntraced(function* (which: Which, log: SwarmLog) {
  const swarms = yield* Swarms;
  yield* swarms.halt(which.epic);
  for (const subtask of log.state().subtasks.values()) {
    const last = subtask.attempts.at(-1);
    if (last !== undefined && last.exit === undefined) yield* killStrays(last.marker);
  }
});

/** Records the end of a swarm, with that of its cells and leases. */
const close = Effect.fnUntraced(function* (log: SwarmLog, reason: string, ended: NewEvent) {
  const hive = yield* Hive;
  const reservations = yield* Reservations;
  const events: Array<NewEvent> = [ended];
  const open = log.epic().subtaskIds.filter((id) => log.subtask(id).phase !== "merged");
  for (const id of [...open, log.epicId]) {
    events.push(
      ...(yield* hive.changes(log.origin("person"), id, { status: "closed", close_reason: reason })),
    );
  }
  yield* reservations.endEpic(log.origin("person"), log.epicId, reason, events);
});

const removeFolders = Effect.fnUntraced(function* (project: OpenProject, epic: string) {
  const data = yield* DataFolder;
  const folder = join(data.root, "projects", project.id, "work", safeName(epic));
  yield* fileSystem(folder, () => rm(folder, { recursive: true, force: true }));
});
