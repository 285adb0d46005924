/**
 * Every error that crosses the wire. Each message is one sentence or two for a person: what failed, where,
 * and what to do. The fields beside it are for programs.
 */
import { Schema } from "effect";
import { Check, CheckResult } from "./gate.ts";
import { PlanFault } from "./plan.ts";

const message = Schema.String;

export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", { message }) {}

export class InvalidPlan extends Schema.TaggedError<InvalidPlan>()("InvalidPlan", {
  message,
  faults: Schema.Array(PlanFault),
}) {}

/** No repository, a bare one, an unborn HEAD, or a kind that is not supported (`reason` says which). */
export class UnsupportedRepository extends Schema.TaggedError<UnsupportedRepository>()(
  "UnsupportedRepository",
  {
    message,
    path: Schema.String,
    reason: Schema.Literals([
      "not-a-directory",
      "not-a-repository",
      "bare",
      "unborn-head",
      "shallow",
      "lfs",
      "submodules",
      "sparse",
      "git-missing",
      "git-too-old",
    ]),
  },
) {}

export const LeaseConflictEntry = Schema.Struct({
  /** What was asked for. */
  requested: Schema.String,
  /** What is held and can match the same path. */
  held: Schema.String,
  holder: Schema.String,
  /** The holder has not got the files yet: it waits for them, and came first. */
  waiting: Schema.optionalKey(Schema.Boolean),
  cell: Schema.optionalKey(Schema.String),
  epic: Schema.optionalKey(Schema.String),
  /** ISO 8601; absent for a lease without an end of its own. */
  expiresAt: Schema.optionalKey(Schema.String),
});
export type LeaseConflictEntry = typeof LeaseConflictEntry.Type;

/** Somebody holds files that were asked for, or waits for them already. */
export class LeaseConflict extends Schema.TaggedError<LeaseConflict>()("LeaseConflict", {
  message,
  conflicts: Schema.Array(LeaseConflictEntry),
  /** How many requests would be served before this one if it waited. */
  ahead: Schema.Natural,
}) {}

/** Waiting would never end: whoever is waited for waits for the caller. The cycle starts and ends with it. */
export class Deadlock extends Schema.TaggedError<Deadlock>()("Deadlock", {
  message,
  cycle: Schema.Array(Schema.Struct({ holder: Schema.String, waitsFor: Schema.String })),
}) {}

/** The caller's fencing token is not the current one any more. */
export class LockNotHeld extends Schema.TaggedError<LockNotHeld>()("LockNotHeld", { message }) {}

/** Somebody holds the lock (perhaps the caller itself: it is not re-entrant), and did not give it up in time. */
export class LockHeld extends Schema.TaggedError<LockHeld>()("LockHeld", {
  message,
  holder: Schema.String,
  /** ISO 8601. */
  expiresAt: Schema.String,
}) {}

/** The time that was given for something has passed. */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", { message }) {}

/** A deferred is settled once; `outcome` says how it was. */
export class AlreadySettled extends Schema.TaggedError<AlreadySettled>()("AlreadySettled", {
  message,
  outcome: Schema.Literals(["resolved", "rejected", "expired"]),
}) {}

/** The deferred that was waited for was rejected; `reason` is the rejecter's. */
export class Rejected extends Schema.TaggedError<Rejected>()("Rejected", {
  message,
  reason: Schema.String,
}) {}

/** The message is not the caller's to ack any more: its visibility time ran out, or it was acked. */
export class DeliveryLost extends Schema.TaggedError<DeliveryLost>()("DeliveryLost", { message }) {}

export class UnknownRecipient extends Schema.TaggedError<UnknownRecipient>()("UnknownRecipient", {
  message,
  recipients: Schema.Array(Schema.String),
}) {}

/** The name belongs to another; a name is given once in a project. */
export class NameTaken extends Schema.TaggedError<NameTaken>()("NameTaken", { message }) {}

export class ConcurrencyConflict extends Schema.TaggedError<ConcurrencyConflict>()("ConcurrencyConflict", {
  message,
  stream: Schema.String,
  expected: Schema.Int,
  actual: Schema.Int,
}) {}

/** An event that can't be stored: an id used before with other content, data that its schema refuses. */
export class EventRejected extends Schema.TaggedError<EventRejected>()("EventRejected", {
  message,
  id: Schema.String,
}) {}

export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", {
  message,
  /** The underlying code, for instance `SQLITE_FULL`. */
  code: Schema.String,
}) {}

export class GitError extends Schema.TaggedError<GitError>()("GitError", {
  message,
  args: Schema.Array(Schema.String),
  exitCode: Schema.Int,
  stderr: Schema.String,
}) {}

export class ProcessError extends Schema.TaggedError<ProcessError>()("ProcessError", { message }) {}

export class FileSystemError extends Schema.TaggedError<FileSystemError>()("FileSystemError", {
  message,
  path: Schema.String,
  code: Schema.String,
}) {}

export class ChecksNotApproved extends Schema.TaggedError<ChecksNotApproved>()("ChecksNotApproved", {
  message,
  checks: Schema.Array(Check),
}) {}

/** A check fails before any agent has touched anything. */
export class BaseRed extends Schema.TaggedError<BaseRed>()("BaseRed", {
  message,
  results: Schema.Array(CheckResult),
}) {}

export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message }) {}

/** The thing exists, and its state does not allow this now. */
export class NotNow extends Schema.TaggedError<NotNow>()("NotNow", { message }) {}

export class LandingRefused extends Schema.TaggedError<LandingRefused>()("LandingRefused", {
  message,
  paths: Schema.Array(Schema.String),
}) {}

/** A swarm came to a stop before all of its work was done: blocked, waiting for the person, interrupted, ended. */
export class SwarmNotDone extends Schema.TaggedError<SwarmNotDone>()("SwarmNotDone", {
  message,
  epic: Schema.String,
  status: Schema.String,
}) {}

export class Unauthenticated extends Schema.TaggedError<Unauthenticated>()("Unauthenticated", { message }) {}

/** The token is good, and not enough for this. */
export class NotAllowed extends Schema.TaggedError<NotAllowed>()("NotAllowed", { message }) {}

export class DaemonUnreachable extends Schema.TaggedError<DaemonUnreachable>()("DaemonUnreachable", {
  message,
}) {}

export class ProtocolMismatch extends Schema.TaggedError<ProtocolMismatch>()("ProtocolMismatch", {
  message,
}) {}

/** What a stream told before is void: its store was replaced by another. Ask anew, without a position. */
export class StreamReset extends Schema.TaggedError<StreamReset>()("StreamReset", { message }) {}

/** A defect: something that should not happen. The daemon's log has the whole cause under `reference`. */
export class InternalError extends Schema.TaggedError<InternalError>()("InternalError", {
  message,
  reference: Schema.String,
}) {}

export const AnyError = Schema.Union([
  InvalidInput,
  InvalidPlan,
  UnsupportedRepository,
  LeaseConflict,
  Deadlock,
  LockNotHeld,
  LockHeld,
  TimedOut,
  AlreadySettled,
  Rejected,
  DeliveryLost,
  UnknownRecipient,
  NameTaken,
  ConcurrencyConflict,
  EventRejected,
  StorageError,
  GitError,
  ProcessError,
  FileSystemError,
  ChecksNotApproved,
  BaseRed,
  NotFound,
  NotNow,
  LandingRefused,
  SwarmNotDone,
  Unauthenticated,
  NotAllowed,
  DaemonUnreachable,
  ProtocolMismatch,
  StreamReset,
  InternalError,
]);
export type AnyError = typeof AnyError.Type;

/** The exit code of the command line for each error: 1 failed, 2 bad usage or input, 3 conflict, 4 unreachable. */
export const exitCodeOf: Readonly<Record<AnyError["_tag"], 1 | 2 | 3 | 4>> = {
  InvalidInput: 2,
  InvalidPlan: 2,
  UnsupportedRepository: 2,
  LeaseConflict: 3,
  Deadlock: 3,
  LockNotHeld: 3,
  LockHeld: 3,
  TimedOut: 1,
  AlreadySettled: 3,
  Rejected: 1,
  DeliveryLost: 3,
  UnknownRecipient: 2,
  NameTaken: 3,
  ConcurrencyConflict: 3,
  EventRejected: 1,
  StorageError: 1,
  GitError: 1,
  ProcessError: 1,
  FileSystemError: 1,
  ChecksNotApproved: 2,
  BaseRed: 1,
  NotFound: 2,
  NotNow: 1,
  LandingRefused: 1,
  SwarmNotDone: 1,
  Unauthenticated: 1,
  NotAllowed: 1,
  DaemonUnreachable: 4,
  ProtocolMismatch: 4,
  StreamReset: 1,
  InternalError: 1,
};

/** Whether what was thrown is one of these, wherever it was made. */
export const isAnyError = (thrown: unknown): thrown is AnyError =>
  thrown instanceof Error &&
  "_tag" in thrown &&
  typeof thrown._tag === "string" &&
  Object.hasOwn(exitCodeOf, thrown._tag);
