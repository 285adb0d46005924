/**
 * The event catalogue: every fact that the store keeps for ever, with the shape of its data.
 *
 * A name that starts with a verb in the past tense says that something *is* so. A name ending in `_intended`
 * is written before an effect outside the store (a ref move, a spawn, a landing) and carries what is needed to
 * find out, after a crash, whether the effect took place; its partner is written after it.
 */
import { Schema } from "effect";
import { Check, CheckResult, Finding } from "./gate.ts";
import { Plan } from "./plan.ts";

const Str = Schema.String;
const opt = Schema.optionalKey;
/** A git object id in hex. */
const Oid = Schema.String;
/** The fields of a cell that a human or an agent sets, by beads' names. */
const CellFields = Schema.Record(Str, Schema.Json);
/** For each field in the same event: its hybrid logical clock stamp with the clone's id, see `stamp.ts`. */
const Stamps = Schema.Record(Str, Str);
const attempt = { cell: Str, attempt: Schema.Natural };
export const Importance = Schema.Literals(["low", "normal", "high", "urgent"]);

export const PathChange = Schema.Struct({
  path: Str,
  /** Blob and mode before, null when the path is new. */
  old: Schema.NullOr(Schema.Struct({ oid: Oid, mode: Str })),
  /** Blob and mode after, null when the path goes. */
  new: Schema.NullOr(Schema.Struct({ oid: Oid, mode: Str })),
});
export type PathChange = typeof PathChange.Type;

/** Where a swarm's work ends up. A detached HEAD has no branch to move, so a new one is made. */
export const Target = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("branch"), ref: Str }),
  Schema.Struct({ kind: Schema.Literal("detached") }),
]);
export type Target = typeof Target.Type;

/** A move of a branch of the user's, with the files of the checkout that has it. */
export const BranchMove = Schema.Struct({
  epic: Str,
  method: Schema.Literals(["fast-forward", "update-ref", "new-branch"]),
  ref: Str,
  old: Schema.NullOr(Oid),
  new: Oid,
  /** The checkout whose files move along, for `fast-forward`. */
  checkout: opt(Str),
  paths: Schema.Array(PathChange),
});
export type BranchMove = typeof BranchMove.Type;

export const SwarmCell = Schema.Struct({
  id: Str,
  title: Str,
  description: opt(Str),
  files: Schema.Array(Str),
  /** Ids of the cells that must be merged first. */
  dependencies: Schema.Array(Str),
  /** The runtime's SPEC, for instance `command:node agent.js`. */
  agent: Str,
  /**
   * Set on a subtask that reconciles the epic with its target, which moved meanwhile: it starts from `base`, a
   * merge of both that conflicts or fails the checks, and its result has the epic's head and `target` as parents.
   */
  reconciles: opt(Schema.Struct({ target: Oid, base: Oid })),
  /** Set on a subtask that changes merged work: what the person wants to be otherwise. */
  asked: opt(Schema.Array(Finding)),
});
export type SwarmCell = typeof SwarmCell.Type;

export const eventData = {
  // stream `project`
  project_opened: Schema.Struct({ commonDir: Str, rootCommits: Schema.Array(Oid) }),
  checks_approved: Schema.Struct({ checks: Schema.Array(Check) }),
  base_checked: Schema.Struct({ tree: Oid, checks: Schema.Array(Str), results: Schema.Array(CheckResult) }),

  // stream `agent/<name>`; the token itself is never stored, only its SHA-256
  agent_registered: Schema.Struct({
    name: Str,
    tokenHash: Str,
    kind: Schema.Literals(["worker", "session"]),
    epic: opt(Str),
    cell: opt(Str),
    attempt: opt(Schema.Natural),
    /** Of a session: the program it runs in, and that program's own id for it. */
    harness: opt(Str),
    session: opt(Str),
  }),
  /** The same session came back: from now on this token is the agent's, and the one before it nobody's. */
  agent_rejoined: Schema.Struct({ name: Str, tokenHash: Str }),
  agent_ended: Schema.Struct({ name: Str, reason: Str }),

  // stream `cell/<id>`
  cell_created: Schema.Struct({ id: Str, fields: CellFields, stamps: Stamps }),
  cell_updated: Schema.Struct({ id: Str, fields: CellFields, stamps: Stamps }),
  cell_dependency_added: Schema.Struct({
    id: Str,
    depends_on_id: Str,
    dependency: Schema.Literals(["blocks", "parent-child", "related", "discovered-from"]),
    stamp: Str,
  }),

  // stream `lease`; a lease's fencing token is the `seq` of its grant
  lease_granted: Schema.Struct({
    lease: Str,
    holder: Str,
    cell: opt(Str),
    epic: opt(Str),
    patterns: Schema.Array(Str),
    exclusive: Schema.Boolean,
    reason: opt(Str),
    /** ISO 8601; absent: held until released. */
    expiresAt: opt(Str),
  }),
  /** With `kept`, the lease goes on with these patterns only. */
  lease_released: Schema.Struct({ lease: Str, reason: Str, kept: opt(Schema.Array(Str)) }),
  lease_expired: Schema.Struct({ lease: Str }),
  /** It ended because somebody with the right to it took the files; the same batch grants them to `by`. */
  lease_taken_over: Schema.Struct({ lease: Str, by: Str, reason: opt(Str) }),
  /** It ended because its holder gave the files to `to`; the same batch grants them. */
  lease_handed_over: Schema.Struct({ lease: Str, to: Str, reason: opt(Str) }),
  /** The lease of a merged cell stays with its epic until that is landed or discarded. */
  lease_passed: Schema.Struct({ lease: Str, toEpic: Str }),
  /** The person, who is warned and never denied, wrote a file that another holds; once for a lease and path. */
  reserved_file_written: Schema.Struct({ path: Str, by: Str, holder: Str, lease: Str }),

  // stream `lock/<name>`; the lock's fencing token is the `seq` of `lock_acquired`
  lock_acquired: Schema.Struct({ name: Str, holder: Str, expiresAt: Str }),
  lock_released: Schema.Struct({ name: Str, token: Schema.Int }),
  lock_expired: Schema.Struct({ name: Str, token: Schema.Int }),

  // stream `mail/<thread>`; the id of `mail_sent` is the message's
  mail_sent: Schema.Struct({
    id: Str,
    from: Str,
    to: Schema.Array(Str),
    subject: Str,
    body: Str,
    thread: Str,
    importance: Importance,
    /** Id of the deferred that takes the answer. */
    replyTo: opt(Str),
  }),
  mail_acked: Schema.Struct({ id: Str, recipient: Str }),
  /** It was delivered as often as allowed and never acked; `error` is what the last attempt said. */
  mail_dead: Schema.Struct({ id: Str, recipient: Str, deliveries: Schema.Natural, error: Str }),
  /** A dead letter was put back by hand into its place: that of the `mail_sent` with the `seq` of `sent`. */
  mail_revived: Schema.Struct({ id: Str, recipient: Str, sent: Schema.Int, importance: Importance }),

  // stream `deferred/<id>`
  deferred_created: Schema.Struct({ id: Str, expiresAt: Str, owner: opt(Str) }),
  deferred_resolved: Schema.Struct({ id: Str, value: Schema.Json }),
  deferred_rejected: Schema.Struct({ id: Str, reason: Str }),
  deferred_expired: Schema.Struct({ id: Str }),

  // stream `store`
  /** The data of the event at `redacted` was replaced by `{"redacted":1}`, here and in what was made of it. */
  event_redacted: Schema.Struct({ redacted: Schema.Int, type: Str, reason: Str }),

  // stream `swarm/<epic>`
  epic_created: Schema.Struct({
    epic: Str,
    task: opt(Str),
    plan: Plan,
    cells: Schema.Array(SwarmCell),
    root: Str,
    base: Oid,
    target: Target,
    checks: Schema.Array(Check),
    setup: opt(Check),
    maxWorkers: Schema.Natural,
  }),
  /** `text` is the whole plan that was approved, as canonical JSON. */
  plan_approved: Schema.Struct({ epic: Str, text: Str, hash: Str }),
  checks_waived: Schema.Struct({ epic: Str, checks: Schema.Array(Str) }),
  pin_intended: Schema.Struct({ epic: Str, ref: Str, commit: Oid }),
  pin_done: Schema.Struct({ epic: Str, ref: Str }),
  swarm_resumed: Schema.Struct({ epic: Str }),
  spawn_intended: Schema.Struct({
    ...attempt,
    epic: Str,
    agent: Str,
    spec: Str,
    base: Oid,
    /** The checkout's folder, below the data folder. */
    folder: Str,
    /** Stands in the environment of every process of this attempt, so that strays are found. */
    marker: Str,
  }),
  subtask_spawned: Schema.Struct({ ...attempt, agent: Str, pid: Schema.Int }),
  subtask_exited: Schema.Struct({
    ...attempt,
    /** `interrupted`: the daemon died or the person cancelled; it is no strike. */
    outcome: Schema.Literals(["done", "failed", "timeout", "interrupted"]),
    exitCode: Schema.NullOr(Schema.Int),
    /** What the agent left in its checkout, null when nothing could be taken. */
    tree: Schema.NullOr(Oid),
    message: opt(Str),
    /** What could not be taken over from the checkout, for instance a nested repository. */
    findings: Schema.Array(Finding),
    /** Bytes that the agent printed beyond what is kept. */
    droppedOutput: Schema.Natural,
  }),
  gate_passed: Schema.Struct({
    ...attempt,
    /** `cell`: the agent's own tree; `merge`: as merged with what others did. */
    stage: Schema.Literals(["cell", "merge"]),
    tree: Oid,
    files: Schema.Array(Str),
    results: Schema.Array(CheckResult),
  }),
  gate_failed: Schema.Struct({
    ...attempt,
    stage: Schema.Literals(["agent", "cell", "merge"]),
    findings: Schema.Array(Finding),
    results: Schema.Array(CheckResult),
  }),
  /** The change weakens the checks: it waits for the person. */
  gate_held: Schema.Struct({ ...attempt, tree: Oid, findings: Schema.Array(Finding) }),
  gate_answered: Schema.Struct({ ...attempt, tree: Oid, accepted: Schema.Boolean, text: opt(Str) }),
  /** Somebody else got the subtask's files: what the attempt did is set aside, and it is no strike. */
  lease_lost: Schema.Struct({ ...attempt, findings: Schema.Array(Finding) }),
  merge_intended: Schema.Struct({ ...attempt, ref: Str, old: Oid, new: Oid, commit: Oid }),
  subtask_merged: Schema.Struct({ ...attempt, commit: Oid, head: Oid }),
  subtask_blocked: Schema.Struct({ cell: Str, findings: Schema.Array(Finding) }),
  /** The target moved while the swarm worked: it is merged into the epic before landing. */
  target_merge_intended: Schema.Struct({
    epic: Str,
    ref: Str,
    old: Oid,
    new: Oid,
    target: Oid,
    results: Schema.Array(CheckResult),
  }),
  target_merged: Schema.Struct({ epic: Str, head: Oid, target: Oid, results: Schema.Array(CheckResult) }),
  /** A blocked subtask may try again; its strikes are forgotten. */
  subtask_retried: Schema.Struct({ epic: Str, cell: Str }),
  swarm_paused: Schema.Struct({ epic: Str }),
  swarm_unpaused: Schema.Struct({ epic: Str }),
  /** The person looked at `head` and wants it otherwise; the same batch adds the subtask `cell`, which is told so. */
  work_sent_back: Schema.Struct({
    epic: Str,
    head: Oid,
    cell: Str,
    /** The subtasks whose work it is. */
    of: Schema.Array(Str),
    findings: Schema.Array(Finding),
  }),
  /** What was sent back, or conflicts with the moved target or fails its gate, becomes a subtask of its own. */
  subtask_added: Schema.Struct({ epic: Str, cell: SwarmCell, findings: Schema.Array(Finding) }),
  epic_ready: Schema.Struct({ epic: Str, head: Oid, results: Schema.Array(CheckResult) }),
  landing_approved: Schema.Struct({
    epic: Str,
    /** Null: whatever passes every gate, approved in advance at start. */
    commit: Schema.NullOr(Oid),
    /** The extra yes that landing without any check needs. */
    unchecked: Schema.Boolean,
  }),
  landing_intended: BranchMove,
  landed: Schema.Struct({ epic: Str, ref: Str, commit: Oid }),
  landing_refused: Schema.Struct({ epic: Str, message: Str, paths: Schema.Array(Str) }),
  /** `commit` is what had landed. */
  revert_approved: Schema.Struct({ epic: Str, commit: Oid }),
  revert_intended: BranchMove,
  /** `commit` is the one that undoes what had landed. */
  reverted: Schema.Struct({ epic: Str, ref: Str, commit: Oid }),
  revert_refused: Schema.Struct({ epic: Str, message: Str, paths: Schema.Array(Str) }),
  swarm_cancelled: Schema.Struct({ epic: Str, reason: Str }),
  swarm_discarded: Schema.Struct({ epic: Str }),
} as const;

export type EventType = keyof typeof eventData;
export type EventDataOf<T extends EventType> = (typeof eventData)[T]["Type"];

/** Who did it: the person, the daemon itself, the program that a harness's hooks call, or an agent by name. */
export const Actor = Schema.String.check(Schema.isPattern(/^(person|daemon|launcher|agent:.+)$/));
export type Actor = typeof Actor.Type;

/** An event as stored. `data` is opaque here, so that types from a newer version survive. */
export const StoredEvent = Schema.Struct({
  seq: Schema.Int,
  id: Str,
  tenant: Str,
  project: Str,
  stream: Str,
  type: Str,
  version: Schema.Int,
  data: Schema.Json,
  actor: Str,
  /** ISO 8601, never earlier than that of the event before. */
  at: Str,
  correlation: Schema.NullOr(Str),
  causation: Schema.NullOr(Str),
});
export type StoredEvent = typeof StoredEvent.Type;

export type EventOf<T extends EventType> = Omit<StoredEvent, "type" | "data"> & {
  readonly type: T;
  readonly data: EventDataOf<T>;
};
export type AnyEvent = { [T in EventType]: EventOf<T> }[EventType];

/** What a redaction leaves of an event's data. */
export const redactedData = { redacted: 1 } as const;

/** The data of the event was taken away by `events redact`; that it happened is still known. */
export const isRedacted = ({ data }: StoredEvent): boolean =>
  typeof data === "object" &&
  data !== null &&
  "redacted" in data &&
  data.redacted === redactedData.redacted &&
  Object.keys(data).length === 1;

/**
 * True for the types in this catalogue. An event of another type, or one that was redacted, is kept and passed on,
 * never interpreted: whatever folds events begins by asking this.
 */
export const isKnown = (event: StoredEvent): event is AnyEvent =>
  event.type in eventData && !isRedacted(event);
