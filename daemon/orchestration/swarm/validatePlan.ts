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
  if (plan.subtasks.length === 0)
    return [fault("subtasks", "the plan has no subtasks; add at least one", [["subtasks"]])];
  const name = (index: number) => `subtasks[${index}] "${plan.subtasks[index]?.title ?? "?"}"`;
  const dangling = plan.subtasks.flatMap((subtask, index) =>
    subtask.dependencies.flatMap((position, nth) =>
      position < plan.subtasks.length
        ? []
        : [
            fault(
              name(index),
              `depends on subtask ${position}, and ${
                plan.subtasks.length === 1
                  ? "there is only 0"
                  : `there are only 0 to ${plan.subtasks.length - 1}`
              }`,
              [["subtasks", index, "dependencies", nth]],
            ),
          ],
    ),
  );
  const graph = dependencyGraph(plan.subtasks.map((subtask) => subtask.dependencies));
  const cycle = findCycle(graph);
  const cyclic =
    cycle === undefined
      ? []
      : [
          fault(
            "dependencies",
            `these wait for one another: ${cycle.map(name).join(" → ")}`,
            [...new Set(cycle)].map((index) => ["subtasks", index, "dependencies"]),
          ),
        ];
  const parsed = plan.subtasks.map((subtask) => parseAll(subtask.files, around));
  return [
    ...dangling,
    ...cyclic,
    ...plan.subtasks.flatMap((subtask, index) => [
      ...(subtask.files.length === 0
        ? [fault(name(index), "names no files; say which ones it may change", [filesOf(index)])]
        : []),
      ...(subtask.files.length > maxPatterns
        ? [
            fault(
              name(index),
              `names ${subtask.files.length} files, and ${maxPatterns} are the most; use folders or wider patterns`,
              [filesOf(index)],
            ),
          ]
        : []),
      ...parsed[index]!.faults.map(({ message, nth }) => fault(name(index), message, [fileAt(index, nth)])),
      ...agentFaults(subtask.agent ?? around.agent, around).map((message) =>
        fault(name(index), message, [["subtasks", index, subtask.agent === undefined ? "title" : "agent"]]),
      ),
      ...around
        .heldBy(parsed[index]!.files.map(({ pattern }) => pattern.text))
        .map((held) => heldFault(name(index), held, [placeOf(index, parsed[index]!.files, held.requested)])),
    ]),
    ...overlaps(
      plan,
      parsed.map(({ files }) => files),
      graph,
      name,
    ),
  ];
};

type Places = NonNullable<PlanFault["at"]>;

const fault = (where: string, message: string, at: Places): PlanFault => ({
  where,
  message,
  severity: "error",
  at,
});

const filesOf = (index: number) => ["subtasks", index, "files"];
const fileAt = (index: number, nth: number) => [...filesOf(index), nth];

/** Where the pattern stands that was written so, or became this one. */
const placeOf = (index: number, files: ReadonlyArray<PlannedFile>, text: string) => {
  const file = files.find(({ pattern }) => pattern.text === text);
  return file === undefined ? filesOf(index) : fileAt(index, file.nth);
};

const heldFault = (where: string, held: LeaseConflictEntry, at: Places): PlanFault =>
  fault(
    where,
    `"${held.requested}" overlaps "${held.held}", which ${held.holder} holds${
      held.epic === undefined ? "" : ` for ${held.cell ?? held.epic}`
    }${held.expiresAt === undefined ? "" : ` until ${held.expiresAt}`}; wait for it, or land or discard that work`,
    at,
  );

const agentFaults = (spec: string | undefined, around: PlanSurroundings): ReadonlyArray<string> => {
  if (spec === undefined)
    return [
      'names no agent; give it one ("agent"), or one for all (--agent command:PROG, in the editor vibe.agent)',
    ];
  const message = around.agentFault(spec);
  return message === undefined ? [] : [message];
};

/** A subtask's file pattern and its position among them. */
interface PlannedFile {
  readonly pattern: Pattern;
  readonly nth: number;
}

const parseAll = (texts: ReadonlyArray<string>, around: PlanSurroundings) => {
  const files: Array<PlannedFile> = [];
  const faults: Array<{ readonly message: string; readonly nth: number }> = [];
  for (const [nth, text] of texts.entries()) {
    const result = parsePattern(text, {
      caseInsensitive: around.caseInsensitive,
      exists: (path) => around.kindOf(path) !== undefined,
      isDirectory: (path) => around.kindOf(path) === "folder",
    });
    if (Result.isSuccess(result)) files.push({ pattern: result.success, nth });
    else faults.push({ message: asPart(result.failure.message), nth });
  }
  return { files, faults };
};

/** A sentence as a part of a longer one. */
const asPart = (sentence: string) => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, "");

/** Two subtasks that can run at the same time and may touch the same file; one pair is named once. */
const overlaps = (
  plan: Plan,
  files: ReadonlyArray<ReadonlyArray<PlannedFile>>,
  graph: Dependencies,
  name: (index: number) => string,
): ReadonlyArray<PlanFault> => {
  const faults: Array<PlanFault> = [];
  for (let a = 0; a < plan.subtasks.length; a++) {
    for (let b = a + 1; b < plan.subtasks.length; b++) {
      if (areOrdered(graph, a, b)) continue;
      const clash = firstClash(files[a] ?? [], files[b] ?? []);
      if (clash === undefined) continue;
      const [left, right] = clash;
      const [one, other] = [left.pattern.text, right.pattern.text];
      const both = one === other ? `"${one}"` : `"${one}" and "${other}"`;
      faults.push(
        fault(
          `${name(a)} and ${name(b)}`,
          `both may change the same files (${both}) and neither waits for the other; add a dependency or split the files`,
          [fileAt(a, left.nth), fileAt(b, right.nth)],
        ),
      );
    }
  }
  return faults;
};

const firstClash = (left: ReadonlyArray<PlannedFile>, right: ReadonlyArray<PlannedFile>) => {
  for (const a of left) for (const b of right) if (intersects(a.pattern, b.pattern)) return [a, b] as const;
  return undefined;
};
