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
  /** The checkout of the attempt that is under way; it is gone when the attempt is over. */
  folder: Schema.NullOr(Str),
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
    // No agent works on it, and none begins: see `paused`.
    "paused",
    "needs-you",
    "blocked",
    "ready",
    "landing",
    "landed",
    "reverting",
    "reverted",
    "cancelled",
    "discarded",
  ]),
  /** No new agent is started; those that were at work when it was paused go on to their end. */
  paused: Schema.Boolean,
  checks: Schema.Array(Str),
  /** What the checks said of `head`; empty when they have not run on it. */
  results: Schema.Array(CheckResult),
  subtasks: Schema.Array(SubtaskView),
  startedAt: Str,
  endedAt: Schema.NullOr(Str),
  /** Set when the last attempt to land, or to revert, was refused. */
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

/** A remark of the person's on a line of what a swarm made. */
export const LineComment = Schema.Struct({
  path: Str,
  /** From 1, in the file as the swarm made it. */
  line: Schema.Natural,
  text: Str,
}).annotate({ identifier: "LineComment" });
export type LineComment = typeof LineComment.Type;

/** What differs between two trees, a file each, by path. */
export const SwarmChanges = Schema.Struct({
  /** Object ids of the commits or trees that are compared; `swarm.file` takes either. */
  base: Str,
  head: Str,
  files: Schema.Array(
    Schema.Struct({
      path: Str,
      /** Where a renamed file was before. */
      oldPath: opt(Str),
      /** `mode`: the same content, with another mode (it became executable, for instance). */
      status: Schema.Literals(["added", "modified", "deleted", "renamed", "mode"]),
      binary: Schema.Boolean,
    }),
  ),
}).annotate({ identifier: "SwarmChanges" });
export type SwarmChanges = typeof SwarmChanges.Type;

/** A file's content. Of a link it is the path that the link points to. */
export const SwarmFile = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("text"), text: Str }),
  Schema.Struct({ kind: Schema.Literal("binary"), bytes: Schema.Natural }),
  Schema.Struct({ kind: Schema.Literal("absent") }),
]).annotate({ identifier: "SwarmFile" });
export type SwarmFile = typeof SwarmFile.Type;

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
  /** A blocked subtask begins anew, with three attempts; its agent is told what was wrong with the last one. */
  retry: o({ access: "person" })
    .input(Schema.Struct({ ...project, cell: Str }))
    .output(SwarmView),
  /**
   * From now on no agent is started in a swarm, or without `epic` in any that is not over; agents at work go on.
   * Answers the swarms that it is about.
   */
  pause: o({ access: "person" })
    .input(Schema.Struct({ ...project, epic: opt(Str) }))
    .output(Schema.Array(SwarmView)),
  unpause: o({ access: "person" })
    .input(Schema.Struct({ ...project, epic: opt(Str) }))
    .output(Schema.Array(SwarmView)),
  /**
   * The person looked at merged work, a subtask's or all of it, and wants it otherwise: a new subtask changes it, on
   * top of what is merged, and is told the text and the comments. A subtask that the gate holds is rejected with them.
   */
  sendBack: o({ access: "person" })
    .input(Schema.Struct({ ...epic, cell: opt(Str), text: opt(Str), comments: Schema.Array(LineComment) }))
    .output(SwarmView),
  /** Undoes what landed as `commit`, by one commit on top of the target as it is now. */
  revert: o({ access: "person" })
    .input(Schema.Struct({ ...epic, commit: Str }))
    .output(SwarmView),
  /**
   * What a swarm changed so far; with `cell` what that subtask's merged or last attempt did; with `now` also what
   * lies in the checkout of the one under way, taken at this moment.
   */
  changes: read("person")
    .input(Schema.Struct({ ...epic, cell: opt(Str), now: opt(Schema.Boolean) }))
    .output(SwarmChanges),
  /** A file as a commit or tree of this swarm's has it; a text of more than 5 MB is refused. */
  file: read("person")
    .input(Schema.Struct({ ...epic, commit: Str, path: Str }))
    .output(SwarmFile),
  /**
   * What the agent of an attempt (the last unless said) printed and prints, until the attempt is over. The ids are
   * offsets in bytes: whoever gives one back is told what follows it.
   */
  log: o({ access: "person", stream: true })
    .input(Schema.Struct({ ...epic, cell: Str, attempt: opt(Schema.Natural) }))
    .output(Schema.Struct({ text: Str })),
  /** First the state as of now, then everything that happens. */
  watch: o({ access: "anyone", stream: true }).input(Schema.Struct(epic)).output(SwarmUpdate),
  /** The commits between base and head, as `git log --graph` draws them. */
  graph: read("person")
    .input(Schema.Struct(epic))
    .output(Schema.Struct({ text: Str })),
};
