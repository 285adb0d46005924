/**
 * Where what a swarm does would meet changes of the person's that are not committed: landing is refused there. What
 * a merged cell changed is known; of one at work it is asked for, where it holds a file that the person changed.
 */
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import type { LeaseLookup } from "../../reserved/LeaseLookup.ts";
import { isOver } from "../hive/hiveTree.ts";

export interface Suspect {
  readonly epic: string;
  readonly cell: string;
}

/** Cells not merged yet that hold a changed file: their checkouts are worth a look. */
export const suspects = (
  swarms: Iterable<SwarmView>,
  leases: Pick<LeaseLookup, "ofFile">,
  dirty: ReadonlyArray<string>,
): ReadonlyArray<Suspect> => {
  const holders = new Set(dirty.flatMap((path) => leases.ofFile(path).flatMap(({ cell }) => cell ?? [])));
  return [...swarms]
    .filter((swarm) => !isOver(swarm))
    .flatMap(({ epic, subtasks }) =>
      subtasks
        .filter(({ id, attempts, status }) => holders.has(id) && attempts > 0 && status !== "merged")
        .map(({ id }) => ({ epic, cell: id })),
    );
};

/** By cell, the changed files of the person's that its work touches; `changedNow` is what suspects were found at. */
export const dirtyConflicts = (
  swarms: Iterable<SwarmView>,
  dirty: ReadonlyArray<string>,
  changedNow: ReadonlyMap<string, ReadonlyArray<string>>,
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const mine = new Set(dirty);
  const found = new Map<string, ReadonlyArray<string>>();
  for (const swarm of swarms) {
    if (isOver(swarm)) continue;
    for (const { id, status, changed } of swarm.subtasks) {
      const touched = status === "merged" ? changed : (changedNow.get(id) ?? []);
      const both = touched.filter((path) => mine.has(path));
      if (both.length > 0) found.set(id, both);
    }
  }
  return found;
};
