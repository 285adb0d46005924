/**
 * Says everything that is wrong with a plan that has the right shape: dependencies, files, overlaps without an
 * order, overlaps with what others hold now, missing agents. Pure; the caller brings what the repository has.
 */
import { Result } from "effect";
import type { LeaseConflictEntry } from "../../../shared/contract/errors.ts";
import { intersects, type Pattern, parsePattern } from "../../../shared/contract/pattern.ts";
import type { Plan, PlanFault } from "../../../shared/contract/plan.ts";
import { maxPatterns } from "../../coordination/reservations/leaseRequest.ts";
import { areOrdered, type Dependencies, dependencyGraph, findCycle } from "../workflow/dependencies.ts";

export interface PlanSurroundings {
  /** Whether a path, relative to the root, is a file or a folder of the base commit. */
  readonly kindOf: (path: string) => "file" | "folder" | undefined;
  readonly caseInsensitive: boolean;
  /** The swarm's own agent, for subtasks that name none. */
  readonly agent: string | undefined;
  /** Leases held now that conflict with these patterns. */
  readonly heldBy: (patterns: ReadonlyArray<string>) => ReadonlyArray<LeaseConflictEntry>;
  /** Why an agent's SPEC can't run, or undefined. */
  readonly agentFault: (spec: string) => string | undefined;
}

export const validatePlan = (plan: Plan, around: PlanSurroundings): ReadonlyArray<PlanFault> => {
  if (plan.subtasks.length === 0) return [fault("subtasks", "the plan has no subtasks; add at least one")];
  const name = (index: number) => `subtasks[${index}] "${plan.subtasks[index]?.title ?? "?"}"`;
  const dangling = plan.subtasks.flatMap((subtask, index) =>
    subtask.dependencies
      .filter((position) => position >= plan.subtasks.length)
      .map((position) =>
        fault(
          name(index),
          `depends on subtask ${position}, and ${
            plan.subtasks.length === 1 ? "there is only 0" : `there are only 0 to ${plan.subtasks.length - 1}`
          }`,
        ),
      ),
  );
  const graph = dependencyGraph(plan.subtasks.map((subtask) => subtask.dependencies));
  const cycle = findCycle(graph);
  const cyclic =
    cycle === undefined
      ? []
      : [fault("dependencies", `these wait for one another: ${cycle.map(name).join(" → ")}`)];
  const parsed = plan.subtasks.map((subtask) => parseAll(subtask.files, around));
  return [
    ...dangling,
    ...cyclic,
    ...plan.subtasks.flatMap((subtask, index) => [
      ...(subtask.files.length === 0
        ? [fault(name(index), "names no files; say which ones it may change")]
        : []),
      ...(subtask.files.length > maxPatterns
        ? [
            fault(
              name(index),
              `names ${subtask.files.length} files, and ${maxPatterns} are the most; use folders or wider patterns`,
            ),
          ]
        : []),
      ...parsed[index]!.faults.map((message) => fault(name(index), message)),
      ...agentFaults(subtask.agent ?? around.agent, around).map((message) => fault(name(index), message)),
      ...around
        .heldBy(parsed[index]!.patterns.map((pattern) => pattern.text))
        .map((held) => heldFault(name(index), held)),
    ]),
    ...overlaps(
      plan,
      parsed.map(({ patterns }) => patterns),
      graph,
      name,
    ),
  ];
};

const fault = (where: string, message: string): PlanFault => ({ where, message, severity: "error" });

const heldFault = (where: string, held: LeaseConflictEntry): PlanFault =>
  fault(
    where,
    `"${held.requested}" overlaps "${held.held}", which ${held.holder} holds${
      held.epic === undefined ? "" : ` for ${held.cell ?? held.epic}`
    }${held.expiresAt === undefined ? "" : ` until ${held.expiresAt}`}; wait for it, or land or discard that work`,
  );

const agentFaults = (spec: string | undefined, around: PlanSurroundings): ReadonlyArray<string> => {
  if (spec === undefined)
    return ['names no agent; give it one ("agent"), or start with --agent command:PROG'];
  const message = around.agentFault(spec);
  return message === undefined ? [] : [message];
};

const parseAll = (files: ReadonlyArray<string>, around: PlanSurroundings) => {
  const patterns: Array<Pattern> = [];
  const faults: Array<string> = [];
  for (const text of files) {
    const result = parsePattern(text, {
      caseInsensitive: around.caseInsensitive,
      exists: (path) => around.kindOf(path) !== undefined,
      isDirectory: (path) => around.kindOf(path) === "folder",
    });
    if (Result.isSuccess(result)) patterns.push(result.success);
    else faults.push(asPart(result.failure.message));
  }
  return { patterns, faults };
};

/** A sentence as a part of a longer one. */
const asPart = (sentence: string) => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, "");

/** Two subtasks that can run at the same time and may touch the same file; one pair is named once. */
const overlaps = (
  plan: Plan,
  patterns: ReadonlyArray<ReadonlyArray<Pattern>>,
  graph: Dependencies,
  name: (index: number) => string,
): ReadonlyArray<PlanFault> => {
  const faults: Array<PlanFault> = [];
  for (let a = 0; a < plan.subtasks.length; a++) {
    for (let b = a + 1; b < plan.subtasks.length; b++) {
      if (areOrdered(graph, a, b)) continue;
      const clash = firstClash(patterns[a] ?? [], patterns[b] ?? []);
      if (clash === undefined) continue;
      const [left, right] = clash;
      const files = left.text === right.text ? `"${left.text}"` : `"${left.text}" and "${right.text}"`;
      faults.push(
        fault(
          `${name(a)} and ${name(b)}`,
          `both may change the same files (${files}) and neither waits for the other; add a dependency or split the files`,
        ),
      );
    }
  }
  return faults;
};

const firstClash = (left: ReadonlyArray<Pattern>, right: ReadonlyArray<Pattern>) => {
  for (const a of left) for (const b of right) if (intersects(a, b)) return [a, b] as const;
  return undefined;
};
