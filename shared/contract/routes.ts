/**
 * The route table: the only way into the daemon. A client is typed by it, the daemon implements it
 * (`daemon/api/`), and nothing else is an API.
 *
 * `access` says whose token a route takes: `person` alone, or `anyone` with a token (agents too). Whatever
 * changes the person's repository or speaks with the person's authority is `person`.
 */
import { Schema } from "effect";
import { createRouter } from "../router/createRouter.ts";
import { o } from "../router/o.ts";
import { LeaseConflictEntry } from "./errors.ts";
import { StoredEvent, Target } from "./events.ts";
import { Check, CheckResult, Finding } from "./gate.ts";
import { Plan, PlanFault } from "./plan.ts";

const Str = Schema.String;
const opt = Schema.optionalKey;
/** An absolute path inside the project; the daemon finds the repository from it. */
const project = { project: Str };

export const DirtyPath = Schema.Struct({ path: Str, state: Str });

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
});
export type Proposal = typeof Proposal.Type;

export const CellView = Schema.Struct({
  id: Str,
  title: Str,
  status: Str,
  issue_type: Str,
  priority: Schema.Int,
  fields: Schema.Record(Str, Schema.Json),
  parent_id: Schema.NullOr(Str),
  dependencies: Schema.Array(Schema.Struct({ depends_on_id: Str, type: Str })),
  ready: Schema.Boolean,
  /** Why it is not ready, empty when it is. */
  waiting_for: Schema.Array(Str),
});
export type CellView = typeof CellView.Type;

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
});
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
});
export type SwarmView = typeof SwarmView.Type;

export const LeaseView = Schema.Struct({
  lease: Str,
  token: Schema.Int,
  holder: Str,
  cell: opt(Str),
  epic: opt(Str),
  patterns: Schema.Array(Str),
  exclusive: Schema.Boolean,
  expiresAt: opt(Str),
  reason: opt(Str),
});

export const DaemonStatus = Schema.Struct({
  pid: Schema.Int,
  version: Str,
  protocol: Schema.Int,
  store: Str,
  clone: Str,
  head: Schema.Int,
  liveSwarms: Schema.Natural,
  clients: Schema.Natural,
  startedAt: Str,
});

/** One line of a diagnosis; `remedy` says how to mend what is not ok. */
export const Diagnosis = Schema.Struct({
  what: Str,
  ok: Schema.Boolean,
  detail: Str,
  remedy: opt(Str),
});

/** What an observer of a swarm receives: its state, and what agents print, which is no event. */
export const SwarmUpdate = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("state"), swarm: SwarmView }),
  Schema.Struct({ kind: Schema.Literal("event"), event: StoredEvent }),
  Schema.Struct({ kind: Schema.Literal("progress"), cell: Str, line: Str }),
]);
export type SwarmUpdate = typeof SwarmUpdate.Type;

const epic = { ...project, epic: Str };

export const contract = createRouter({
  daemon: {
    status: o({ access: "anyone" }).input(Schema.Struct({})).output(DaemonStatus),
    /** Answers, then drains and ends the daemon. Live swarms stay resumable. */
    stop: o({ access: "person" })
      .input(Schema.Struct({}))
      .output(Schema.Struct({ pid: Schema.Int })),
    diagnose: o({ access: "person" })
      .input(Schema.Struct({ project: opt(Str) }))
      .output(Schema.Array(Diagnosis)),
  },
  swarm: {
    /** Runs a planner (`command:PROG`) on a task and answers with the text it printed. */
    plan: o({ access: "person" })
      .input(Schema.Struct({ ...project, task: Str, planner: Str, maxSubtasks: opt(Schema.Natural) }))
      .output(Schema.Struct({ text: Str })),
    /** Validates a plan against the repository and the leases held now. `text` is the plan's JSON. */
    propose: o({ access: "person" })
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
    status: o({ access: "anyone" }).input(Schema.Struct(epic)).output(SwarmView),
    list: o({ access: "anyone" }).input(Schema.Struct(project)).output(Schema.Array(SwarmView)),
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
    graph: o({ access: "person" })
      .input(Schema.Struct(epic))
      .output(Schema.Struct({ text: Str })),
  },
  events: {
    list: o({ access: "anyone" })
      .input(
        Schema.Struct({
          project: opt(Str),
          after: opt(Schema.Int),
          type: opt(Str),
          stream: opt(Str),
          /** At most this many, from `after` on; 100,000 is the most that one answer holds. */
          limit: opt(Schema.Natural.check(Schema.isLessThanOrEqualTo(100_000))),
        }),
      )
      .output(Schema.Array(StoredEvent)),
    follow: o({ access: "anyone", stream: true })
      .input(Schema.Struct({ project: opt(Str), after: opt(Schema.Int), type: opt(Str) }))
      .output(StoredEvent),
    /** Drops every projection, replays the log, and says whether the rows are the same as before. */
    rebuild: o({ access: "person" })
      .input(Schema.Struct({}))
      .output(
        Schema.Array(
          Schema.Struct({
            projection: Str,
            rows: Schema.Natural,
            equal: Schema.Boolean,
            differing: Schema.Array(Str),
          }),
        ),
      ),
  },
  hive: {
    create: o({ access: "anyone" })
      .input(
        Schema.Struct({
          ...project,
          title: Str,
          description: opt(Str),
          priority: opt(Schema.Int),
          issue_type: opt(Str),
          parent_id: opt(Str),
        }),
      )
      .output(CellView),
    list: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, status: opt(Str) }))
      .output(Schema.Array(CellView)),
    show: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, id: Str }))
      .output(CellView),
  },
  reservations: {
    list: o({ access: "anyone" }).input(Schema.Struct(project)).output(Schema.Array(LeaseView)),
    check: o({ access: "anyone" })
      .input(Schema.Struct({ ...project, path: Str }))
      .output(Schema.Array(LeaseConflictEntry)),
  },
});
export type Contract = typeof contract;
