/**
 * A plan, also called a CellTree: one epic and the subtasks that agents work on in parallel.
 *
 * This is the shape on disk, in an editor and on the wire. Whether a plan makes sense (cycles, overlapping
 * files) is decided by `validatePlan` in the daemon, which needs the repository for it.
 */
import { Schema } from "effect";

const described = <S extends Schema.Top>(schema: S, description: string) => schema.annotate({ description });
const Text = Schema.String;
const Name = Schema.NonEmptyString;

export const Strategy = Schema.Literals(["file-based", "feature-based", "risk-based", "research-based"]);

export const PlannedSubtask = Schema.Struct({
  title: described(Name, "What the subtask is, in a few words."),
  description: Schema.optionalKey(described(Text, "What the agent is told to do, as exactly as you can.")),
  files: described(
    Schema.Array(Name),
    "Patterns of the files that the subtask may change, from the repository's root: src/parser/** or README.md. Two subtasks may share files only when one waits for the other.",
  ),
  dependencies: described(
    Schema.Array(Schema.Natural),
    "Positions, from 0, of the subtasks that must have been merged before this one starts.",
  ),
  estimated_complexity: described(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
    "1 is trivial, 5 is the hardest.",
  ),
  agent: Schema.optionalKey(
    described(
      Name,
      "Runs this subtask instead of the swarm's agent, for instance command:node tools/codemod.js.",
    ),
  ),
});
export type PlannedSubtask = typeof PlannedSubtask.Type;

export const Plan = Schema.Struct({
  epic: described(
    Schema.Struct({
      title: described(Name, "What is to be done, in a few words."),
      description: Schema.optionalKey(described(Text, "What every agent should know of the whole.")),
    }),
    "The whole that the subtasks make up.",
  ),
  strategy: Schema.optionalKey(described(Strategy, "What the work was divided by.")),
  subtasks: described(Schema.Array(PlannedSubtask), "The parts that agents work on, at once where they can."),
});
export type Plan = typeof Plan.Type;

/** One fault of a plan. `where` names the place as a person would, for instance `subtasks[2] "Add tests"`. */
export const PlanFault = Schema.Struct({
  where: Schema.String,
  message: Schema.String,
  /** A warning does not stop a start. */
  severity: Schema.Literals(["error", "warning"]),
  /** The same for an editor: paths in the plan's JSON, the place itself first, then those that it clashes with. */
  at: Schema.optionalKey(Schema.Array(Schema.Array(Schema.Union([Schema.String, Schema.Natural])))),
});
export type PlanFault = typeof PlanFault.Type;
