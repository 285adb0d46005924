/** What the gate runs and what it finds. */
import { Schema } from "effect";

/**
 * A command that comes from the repository. It runs only after the person approved exactly this `text`.
 * `hash` is the SHA-256 of `text`, in hex, and stands for it in approvals.
 */
export const Check = Schema.Struct({
  /** A short name, for instance `typecheck`. */
  name: Schema.String,
  /** The argument vector; no shell is involved. */
  argv: Schema.Array(Schema.String),
  /** The command and, for a package script, the bodies of it and of its pre and post scripts. */
  text: Schema.String,
  hash: Schema.String,
});
export type Check = typeof Check.Type;

export const CheckResult = Schema.Struct({
  name: Schema.String,
  passed: Schema.Boolean,
  exitCode: Schema.NullOr(Schema.Int),
  durationMs: Schema.Finite,
  /** The last part of what the command printed. */
  output: Schema.String,
});
export type CheckResult = typeof CheckResult.Type;

export const FindingKind = Schema.Literals([
  // The change touches something outside the subtask's files.
  "outside-lease",
  // A link that leaves the repository, a nested repository, or another thing that cannot be taken over.
  "unsafe-entry",
  // The change weakens the gate itself; only the person can let it pass.
  "weakens-checks",
  "check-failed",
  "agent-failed",
  "merge-conflict",
  // Somebody else was given the files while the agent had them.
  "lease-lost",
  // The person looked at the work and wants it otherwise.
  "sent-back",
]);

export const Finding = Schema.Struct({
  kind: FindingKind,
  message: Schema.String,
  path: Schema.optionalKey(Schema.String),
  /** Of `path`, from 1. */
  line: Schema.optionalKey(Schema.Int),
});
export type Finding = typeof Finding.Type;
