/** Swarms: from a plan through its approval to the landing, and what an observer sees of one. */
import { Schema } from "effect";
import { StoredEvent, Target } from "./events.ts";
import { Check, CheckResult, Finding } from "./gate.ts";
import { Plan, PlanFault } from "./plan.ts";
import { o, opt, project, read, Str } from "./route.ts";

export const DirtyPath = Schema.Struct({ path: Str, state: Str }).annotate({ identifier: "DirtyPath" });

/** What a start would do, for the person to approve. Nothing has been changed yet. */
export const Proposal = Schema.Struct({
  root: Str,
  base: Str,
  target: Target,
  plan: Plan,
  /** SHA-256 of the canonical plan; the approval is bound to it. */
  planHash: Str,
  warnings: Schema.Array(PlanFault),
  subtasks: Schema.Array(
    Schema.Struct({
      title: Str,
      agent: Str,
      /** The subtask's files as understood against the base. */
      patterns: Schema.Array(Str),
      /** How many files of the base match them now. */
      filesNow: Schema.Natural,
    }),
  ),
  checks: Schema.Array(Schema.Struct({ check: Check, approved: Schema.Boolean })),
  setup: opt(Schema.Struct({ check: Check, approved: Schema.Boolean })),
  /** Changes in the working tree that the agents will not see. */
  dirty: Schema.Array(DirtyPath),
  maxWorkers: Schema.Natural,
}).annotate({ identifier: "Proposal" });
export type Proposal = typeof Proposal.Type;

export const SubtaskView = Schema.Struct({
  id: Str,
  title: Str,
  files: Schema.Array(Str),
  dependencies: Schema.Array(Str),
  status: Schema.Literals([
    "waiting",
    "starting",
    "running",
    "gate",
    "needs-you",
    "merging",
    "merged",
    "blocked",
    "cancelled",
  ]),
  attempts: Schema.Natural,
  agent: Schema.NullOr(Str),
  /** ISO 8601 times of the first spawn and of the merge or the block. */
  startedAt: Schema.NullOr(Str),
  endedAt: Schema.NullOr(Str),
  findings: Schema.Array(Finding),
  /** Every attempt that was not taken over, and why. */
  refusals: Schema.Array(
    Schema.Struct({
      attempt: Schema.Natural,
      agent: Str,
      /** What refused it: the agent's own end, the gate on its work, or the gate on the merged whole. */
      stage: Schema.Literals(["agent", "cell", "merge"]),
      findings: Schema.Array(Finding),
    }),
  ),
  /** Paths that the merged change touched. */
  changed: Schema.Array(Str),
}).annotate({ identifier: "SubtaskView" });
export type SubtaskView = typeof SubtaskView.Type;

export const SwarmView = Schema.Struct({
  epic: Str,
  title: Str,
  root: Str,
  target: Target,
  base: Str,
  head: Schema.NullOr(Str),
  status: Schema.Literals([
    "running",
    "interrupted",
    "needs-you",
    "blocked",
    "ready",
    "landing",
    "landed",
    "cancelled",
    "discarded",
  ]),
  checks: Schema.Array(Str),
  subtasks: Schema.Array(SubtaskView),
  startedAt: Str,
  endedAt: Schema.NullOr(Str),
  /** Set when the last attempt to land was refused. */
  refusal: Schema.NullOr(Schema.Struct({ message: Str, paths: Schema.Array(Str) })),
  /** Why this daemon stopped working on it, for instance a full disk; it can be resumed. */
  problem: Schema.NullOr(Str),
  /** The sequence number that this view is as of. */
  seq: Schema.Int,
}).annotate({ identifier: "SwarmView" });
export type SwarmView = typeof SwarmView.Type;

/** What an observer of a swarm receives: its state, and what agents print, which is no event. */
export const SwarmUpdate = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("state"), swarm: SwarmView }),
  Schema.Struct({ kind: Schema.Literal("event"), event: StoredEvent }),
  Schema.Struct({ kind: Schema.Literal("progress"), cell: Str, line: Str }),
]).annotate({ identifier: "SwarmUpdate" });
export type SwarmUpdate = typeof SwarmUpdate.Type;

const epic = { ...project, epic: Str };

export const swarmRoutes = {
  /** Runs a planner (`command:PROG`) on a task and answers with the text it printed. */
  plan: o({ access: "person" })
    .input(Schema.Struct({ ...project, task: Str, planner: Str, maxSubtasks: opt(Schema.Natural) }))
    .output(Schema.Struct({ text: Str })),
  /** Validates a plan against the repository and the leases held now. `text` is the plan's JSON. */
  propose: o({ access: "anyone" })
    .input(Schema.Struct({ ...project, text: Str, agent: opt(Str), maxWorkers: opt(Schema.Natural) }))
    .output(Proposal),
  /** Records the person's approval of exactly these commands, for this project. */
  approveChecks: o({ access: "person" })
    .input(Schema.Struct({ ...project, hashes: Schema.Array(Str), base: Str }))
    .output(Schema.Struct({ approved: Schema.Array(Str) })),
  /** Runs the approved checks on the base before anything is changed. A known result is not run again. */
  checkBase: o({ access: "person" })
    .input(Schema.Struct({ ...project, base: Str }))
    .output(Schema.Struct({ results: Schema.Array(CheckResult) })),
  start: o({ access: "person" })
    .input(
      Schema.Struct({
        ...project,
        task: opt(Str),
        text: Str,
        base: Str,
        agent: opt(Str),
        maxWorkers: opt(Schema.Natural),
        /** Must equal the proposal's `planHash`. */
        approvedPlan: Str,
        /** Approves in advance the landing of whatever passes every gate. */
        land: opt(Schema.Boolean),
        /** The extra yes that landing without any check needs. */
        landUnchecked: opt(Schema.Boolean),
        /** Names of checks that are red on the base and that the person waives. */
        waive: opt(Schema.Array(Str)),
      }),
    )
    .output(SwarmView),
  resume: o({ access: "person" }).input(Schema.Struct(epic)).output(SwarmView),
  status: read("anyone").input(Schema.Struct(epic)).output(SwarmView),
  list: read("anyone").input(Schema.Struct(project)).output(Schema.Array(SwarmView)),
  cancel: o({ access: "person" }).input(Schema.Struct(epic)).output(SwarmView),
  discard: o({ access: "person" }).input(Schema.Struct(epic)).output(SwarmView),
  /** `commit` is the head that the person saw; another head is refused. */
  land: o({ access: "person" })
    .input(Schema.Struct({ ...epic, commit: Str, unchecked: opt(Schema.Boolean) }))
    .output(SwarmView),
  /** The person's answer to a change that weakens the checks. */
  answer: o({ access: "person" })
    .input(Schema.Struct({ ...project, cell: Str, accept: Schema.Boolean, text: opt(Str) }))
    .output(SwarmView),
  /** First the state as of now, then everything that happens. */
  watch: o({ access: "anyone", stream: true }).input(Schema.Struct(epic)).output(SwarmUpdate),
  /** The commits between base and head, as `git log --graph` draws them. */
  graph: read("person")
    .input(Schema.Struct(epic))
    .output(Schema.Struct({ text: Str })),
};
