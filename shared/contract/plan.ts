/**
 * A plan, also called a CellTree: one epic and the subtasks that agents work on in parallel.
 *
 * This is the shape on disk, in an editor and on the wire. Whether a plan makes sense (cycles, overlapping
 * files) is decided by `validatePlan` in the daemon, which needs the repository for it.
 */
import { Schema } from "effect";

export const Strategy = Schema.Literals(["file-based", "feature-based", "risk-based", "research-based"]);

export const PlannedSubtask = Schema.Struct({
  title: Schema.NonEmptyString,
  description: Schema.optionalKey(Schema.String),
  /** File patterns, anchored at the repository's root, that the subtask may change. */
  files: Schema.Array(Schema.NonEmptyString),
  /** Positions, from 0, of the subtasks that must have been merged before this one starts. */
  dependencies: Schema.Array(Schema.Natural),
  /** 1 is trivial, 5 is the hardest. */
  estimated_complexity: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
  /** Runs this subtask instead of the swarm's agent, for instance `command:node tools/codemod.js`. */
  agent: Schema.optionalKey(Schema.NonEmptyString),
});
export type PlannedSubtask = typeof PlannedSubtask.Type;

export const Plan = Schema.Struct({
  epic: Schema.Struct({ title: Schema.NonEmptyString, description: Schema.optionalKey(Schema.String) }),
  strategy: Schema.optionalKey(Strategy),
  subtasks: Schema.Array(PlannedSubtask),
});
export type Plan = typeof Plan.Type;

/** One fault of a plan. `where` names the place as a person would, for instance `subtasks[2] "Add tests"`. */
export const PlanFault = Schema.Struct({
  where: Schema.String,
  message: Schema.String,
  /** A warning does not stop a start. */
  severity: Schema.Literals(["error", "warning"]),
});
export type PlanFault = typeof PlanFault.Type;
