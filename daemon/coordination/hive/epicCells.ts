/** The cells of an epic as events, to be appended in one batch with whatever else begins it. Pure. */
import { Result } from "effect";
import type { NewEvent } from "../../primitives/EventStore.ts";
import { createdFields, type Fields } from "./cellFields.ts";

export interface EpicPlan {
  readonly title: string;
  readonly description?: string;
  readonly subtasks: ReadonlyArray<{
    readonly title: string;
    readonly description?: string;
    /** Positions, from 0, of the subtasks that block this one. */
    readonly dependencies?: ReadonlyArray<number>;
  }>;
}

export interface EpicCells {
  readonly epicId: string;
  /** In the order of the subtasks. */
  readonly cellIds: ReadonlyArray<string>;
  readonly events: ReadonlyArray<NewEvent>;
}

export interface Surroundings {
  /** ISO 8601. */
  readonly now: string;
  readonly actor: string;
  /** A new field stamp at each call. */
  readonly stamp: () => string;
}

/** Subtasks become children `<epicId>.1` and so on. The failure is a sentence. */
export const epicCells = (
  plan: EpicPlan,
  epicId: string,
  around: Surroundings,
): Result.Result<EpicCells, string> =>
  Result.gen(function* () {
    const { title, description, subtasks } = plan;
    const cellIds = subtasks.map((_, index) => `${epicId}.${index + 1}`);
    const events = [
      yield* cellCreated(epicId, { title, issue_type: "epic", ...(description && { description }) }, around),
    ];
    for (const [index, subtask] of subtasks.entries()) {
      const fields = {
        title: subtask.title,
        parent_id: epicId,
        ...(subtask.description && { description: subtask.description }),
      };
      events.push(yield* cellCreated(cellIds[index] as string, fields, around));
    }
    for (const [index, { dependencies = [] }] of subtasks.entries()) {
      for (const position of new Set(dependencies)) {
        const [id, blocker] = [cellIds[index] as string, cellIds[position]];
        if (blocker === undefined) {
          return yield* Result.fail(
            `Subtask ${index} depends on subtask ${position}, which is not in the plan.`,
          );
        }
        events.push(dependencyAdded(id, blocker, "blocks", around.stamp()));
      }
    }
    const cycle = cycleIn(subtasks.map(({ dependencies = [] }) => dependencies));
    if (cycle !== undefined) {
      return yield* Result.fail(
        `Subtasks wait for one another: ${cycle.join(" → ")}. Remove one of these dependencies.`,
      );
    }
    return { epicId, cellIds, events };
  });

export const cellCreated = (
  id: string,
  given: Fields,
  around: Surroundings,
): Result.Result<NewEvent, string> =>
  Result.map(createdFields(given, around), (fields) => ({
    stream: `cell/${id}`,
    type: "cell_created",
    data: { id, fields, stamps: stampsOf(fields, around.stamp()) },
  }));

export const dependencyAdded = (
  id: string,
  depends_on_id: string,
  dependency: "blocks" | "parent-child" | "related" | "discovered-from",
  stamp: string,
): NewEvent => ({
  stream: `cell/${id}`,
  type: "cell_dependency_added",
  data: { id, depends_on_id, dependency, stamp },
});

/** One stamp for each field of an event. */
export const stampsOf = (fields: Fields, stamp: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.keys(fields).map((field) => [field, stamp]));

/** Positions that wait for one another, the first one again at the end. */
const cycleIn = (graph: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> | undefined => {
  const done = new Set<number>();
  const visit = (at: number, path: ReadonlyArray<number>): ReadonlyArray<number> | undefined => {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
    if (done.has(at)) return undefined;
    for (const next of graph[at] ?? []) {
      const cycle = visit(next, [...path, at]);
      if (cycle !== undefined) return cycle;
    }
    done.add(at);
    return undefined;
  };
  for (const at of graph.keys()) {
    const cycle = visit(at, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
};
