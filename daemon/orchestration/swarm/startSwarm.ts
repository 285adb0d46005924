/**
 * Starts a swarm that the person approved: one batch of events creates epic, cells and approvals, and from then
 * on the log says what is to be done. Until that batch is durable nothing exists that would have to be undone.
 */
import { Effect } from "effect";
import { canonicalJson } from "../../../shared/contract/canonicalJson.ts";
import { BaseRed, InvalidInput, NotNow } from "../../../shared/contract/errors.ts";
import type { SwarmCell } from "../../../shared/contract/events.ts";
import type { CheckResult } from "../../../shared/contract/gate.ts";
import type { Proposal } from "../../../shared/contract/swarmRoutes.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { EventStore, type NewEvent } from "../../primitives/EventStore.ts";
import { checkProjectBase } from "./checkBase.ts";
import { Projects } from "./Projects.ts";
import { type ProposalRequest, proposeSwarm } from "./proposeSwarm.ts";
import { swarmStream } from "./SwarmLog.ts";
import { Swarms } from "./Swarms.ts";

export interface StartRequest extends ProposalRequest {
  readonly task?: string;
  /** The base that the proposal showed. */
  readonly base: string;
  /** The proposal's `planHash`. */
  readonly approvedPlan: string;
  /** The landing of whatever passes every gate is approved in advance. */
  readonly land?: boolean;
  readonly landUnchecked?: boolean;
  /** Names of checks that may be red. */
  readonly waive?: ReadonlyArray<string>;
}

export const startSwarm = Effect.fn("startSwarm")(function* (request: StartRequest) {
  const { proposal, user } = yield* proposeSwarm(request);
  if (proposal.base !== request.base || proposal.planHash !== request.approvedPlan) {
    return yield* new NotNow({
      message:
        "The plan or the commit it starts from is not what was approved any more. Look at the plan again, and approve that.",
    });
  }
  const projects = yield* Projects;
  const project = yield* projects.open(user);
  const { checks, setup, results } = yield* checkProjectBase(project, { reuse: "any" });
  const waived = yield* waivedChecks(request.waive ?? [], results);
  if (request.land === true && checks.length === 0 && request.landUnchecked !== true) {
    return yield* new InvalidInput({
      message:
        "This project has no checks, so nothing would judge the work. Land it yourself after looking at it, or say --land-unchecked as well.",
    });
  }
  const hive = yield* Hive;
  const store = yield* EventStore;
  const { plan } = proposal;
  const origin = { project: project.id, actor: "person" } as const;
  const { epicId, cellIds, events } = yield* hive.planEpic(origin, { ...plan.epic, subtasks: plan.subtasks });
  const stream = swarmStream(epicId);
  const approvals: ReadonlyArray<NewEvent> = [
    {
      stream,
      type: "plan_approved",
      data: { epic: epicId, text: canonicalJson(plan), hash: proposal.planHash },
    },
    ...(waived.length === 0
      ? []
      : [{ stream, type: "checks_waived", data: { epic: epicId, checks: waived } } as const]),
    ...(request.land === true
      ? [
          {
            stream,
            type: "landing_approved",
            data: { epic: epicId, commit: null, unchecked: request.landUnchecked === true },
          } as const,
        ]
      : []),
  ];
  const created: NewEvent = {
    stream,
    type: "epic_created",
    data: {
      epic: epicId,
      ...(request.task === undefined ? {} : { task: request.task }),
      plan,
      cells: swarmCells(proposal, cellIds),
      root: project.root,
      base: proposal.base,
      target: proposal.target,
      checks,
      ...(setup === undefined ? {} : { setup }),
      maxWorkers: proposal.maxWorkers,
    },
  };
  yield* store
    .append({ ...origin, correlation: epicId }, [...events, created, ...approvals])
    .pipe(Effect.catchTag(["ConcurrencyConflict", "EventRejected"], Effect.die));
  const swarms = yield* Swarms;
  yield* swarms.launch(Effect.succeed(project), epicId);
  return yield* swarms.view(project.id, epicId);
});

const swarmCells = (proposal: Proposal, ids: ReadonlyArray<string>): ReadonlyArray<SwarmCell> =>
  proposal.plan.subtasks.map((subtask, index) => ({
    id: ids[index]!,
    title: subtask.title,
    ...(subtask.description === undefined ? {} : { description: subtask.description }),
    // Read against the base once; from here on they mean the same whatever the base.
    files: proposal.subtasks[index]!.patterns,
    dependencies: subtask.dependencies.map((position) => ids[position]!),
    agent: proposal.subtasks[index]!.agent,
  }));

const waivedChecks = Effect.fnUntraced(function* (
  waive: ReadonlyArray<string>,
  results: ReadonlyArray<CheckResult>,
) {
  const red = results.filter((result) => !result.passed);
  const blocking = red.filter((result) => !waive.includes(result.name));
  if (blocking.length === 0) return red.map((result) => result.name);
  const names = blocking
    .map((result) => `"${result.name}" (exit code ${result.exitCode ?? "none"})`)
    .join(", ");
  return yield* new BaseRed({
    message: `Before any agent began, these checks fail on the base: ${names}. Mend them first, or accept it with ${blocking
      .map((result) => `--waive ${result.name}`)
      .join(" ")}.`,
    results: blocking,
  });
});
