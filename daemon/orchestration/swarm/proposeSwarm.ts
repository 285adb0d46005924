/**
 * Says what a start would do, for the person to approve: the plan as understood, the commands that would run,
 * what the agents will not see. Nothing is changed, neither in the repository nor in the store.
 */
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { Effect, Result } from "effect";
import { canonicalJson } from "../../../shared/contract/canonicalJson.ts";
import type { Target } from "../../../shared/contract/events.ts";
import { matches, parsePattern } from "../../../shared/contract/pattern.ts";
import type { Plan } from "../../../shared/contract/plan.ts";
import type { Proposal } from "../../../shared/contract/swarmRoutes.ts";
import { Reservations } from "../../coordination/reservations/Reservations.ts";
import { Git } from "../../platform/Git.ts";
import { environment } from "../../platform/Processes.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { agentFault } from "../agents/agentSpec.ts";
import { discoverChecks } from "./discoverChecks.ts";
import { invalidPlan, readPlan } from "./readPlan.ts";
import { inspectSupported, readProjectRecord, type UserRepository } from "./UserRepository.ts";
import { type PlanSurroundings, validatePlan } from "./validatePlan.ts";

export interface ProposalRequest {
  readonly project: string;
  /** The plan as JSON. */
  readonly text: string;
  readonly agent?: string;
  readonly maxWorkers?: number;
}

export const proposeSwarm = Effect.fn("proposeSwarm")(function* (request: ProposalRequest) {
  const user = yield* inspectSupported(request.project);
  const plan = yield* readPlan(request.text);
  const projectId = (yield* readProjectRecord(user.commonDir))?.id;
  const reservations = yield* Reservations;
  const caseInsensitive = user.config.get("core.ignorecase") === "true";
  const around: PlanSurroundings = {
    kindOf: kindsOf(user),
    caseInsensitive,
    agent: request.agent,
    heldBy: (patterns) =>
      projectId === undefined ? [] : reservations.conflicts(projectId, patterns, { holder: "a new swarm" }),
    agentFault: (spec) => agentFault(spec, user.root, environment().PATH ?? ""),
  };
  const faults = validatePlan(plan, around);
  if (faults.some((fault) => fault.severity === "error")) return yield* invalidPlan(faults);
  const { checks, setup } = yield* checksAt(user);
  const approved = yield* approvedChecks(projectId);
  const withApproval = (check: (typeof checks)[number]) => ({ check, approved: approved.has(check.hash) });
  const proposal: Proposal = {
    root: user.root,
    base: user.commit,
    target: targetOf(user),
    plan,
    planHash: planHash(plan),
    warnings: faults,
    subtasks: plan.subtasks.map((subtask) => ({
      title: subtask.title,
      agent: subtask.agent ?? request.agent ?? "",
      ...understood(user, subtask.files, around),
    })),
    checks: checks.map(withApproval),
    ...(setup === undefined ? {} : { setup: withApproval(setup) }),
    dirty: user.dirty,
    maxWorkers: request.maxWorkers ?? Math.min(4, plan.subtasks.length, Math.max(2, availableParallelism())),
  };
  return { proposal, user };
});

export const planHash = (plan: Plan): string =>
  createHash("sha256").update(canonicalJson(plan)).digest("hex");

/** The checks of the commit that HEAD is at. */
export const checksAt = Effect.fnUntraced(function* (user: UserRepository) {
  const git = yield* Git;
  const paths = new Set(user.entries.map((entry) => entry.path));
  const read = (path: string) =>
    paths.has(path)
      ? Effect.map(
          git.run(["cat-file", "blob", `${user.commit}:${path}`], { cwd: user.root }),
          ({ stdout }) => stdout,
        )
      : Effect.succeed(undefined);
  return yield* discoverChecks(read, (path) => paths.has(path));
});

/** Hashes of the commands that the person approved for this project. */
export const approvedChecks = Effect.fnUntraced(function* (project: string | undefined) {
  if (project === undefined) return new Set<string>();
  const store = yield* EventStore;
  return new Set((yield* store.rows("approved_checks", { project })).map((row) => String(row.hash)));
});

const targetOf = (user: UserRepository): Target =>
  user.head.kind === "branch" ? { kind: "branch", ref: user.head.ref } : { kind: "detached" };

const kindsOf = (user: UserRepository): PlanSurroundings["kindOf"] => {
  const kinds = new Map<string, "file" | "folder">();
  for (const { path } of user.entries) {
    kinds.set(path, "file");
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (kinds.has(folder)) break;
      kinds.set(folder, "folder");
    }
  }
  return (path) => kinds.get(path);
};

const understood = (user: UserRepository, files: ReadonlyArray<string>, around: PlanSurroundings) => {
  const patterns = files.flatMap((text) => {
    const parsed = parsePattern(text, {
      caseInsensitive: around.caseInsensitive,
      exists: (path) => around.kindOf(path) !== undefined,
      isDirectory: (path) => around.kindOf(path) === "folder",
    });
    return Result.isSuccess(parsed) ? [parsed.success] : [];
  });
  const filesNow = user.entries.filter(({ path }) =>
    patterns.some((pattern) => matches(pattern, path)),
  ).length;
  return { patterns: patterns.map((pattern) => pattern.text), filesNow };
};
