/**
 * Keeps what dirtyConflicts.ts needs of one project: which files the person changed, and what the workers who hold
 * one of these have changed so far. Asked for when there is a reason to, never by the clock: the person saved, came
 * back, or a cell moved on. A worker's checkout is looked at only then, and at most once in ten seconds.
 */
import type { Project } from "../../project/Project.ts";
import { leaseLookup } from "../../reserved/LeaseLookup.ts";
import { isOver } from "../hive/hiveTree.ts";
import { dirtyConflicts, type Suspect, suspects } from "./dirtyConflicts.ts";

export interface DirtyFiles {
  /** By cell, the person's changed files that its work touches, as far as is known. */
  readonly conflicts: () => ReadonlyMap<string, ReadonlyArray<string>>;
  readonly isPending: () => boolean;
  /** Something happened that may have changed it. */
  readonly look: () => void;
  readonly dispose: () => void;
}

/** Milliseconds. */
const settle = 500;
const lookAgain = 10_000;

export const dirtyFiles = (options: {
  readonly project: Project;
  /** Nobody looks: nothing is asked. */
  readonly wanted: () => boolean;
  readonly onChange: () => void;
  readonly onProblem: (cause: unknown) => void;
}): DirtyFiles => {
  const { project, wanted, onChange, onProblem } = options;
  const lookup = leaseLookup();
  const changedNow = new Map<string, ReadonlyArray<string>>();
  const lookedAt = new Map<string, number>();
  let dirty: ReadonlyArray<string> = [];
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let isStale = false;
  let isDisposed = false;
  let last = "";

  const conflicts = () => dirtyConflicts(project.model().swarms.values(), dirty, changedNow);

  const look = () => {
    isStale = true;
    if (isDisposed || isLooking || !wanted() || project.state() !== "live") return;
    timer ??= setTimeout(() => void ask(), settle);
  };

  const ask = async () => {
    timer = undefined;
    isLooking = true;
    isStale = false;
    try {
      await askAll();
    } catch (cause) {
      onProblem(cause);
    } finally {
      isLooking = false;
    }
    const now = JSON.stringify([...conflicts()]);
    if (now !== last) onChange();
    last = now;
    // What came meanwhile may have been missed.
    if (isStale) look();
  };

  const askAll = async () => {
    const client = await project.client();
    const { swarms, leases } = project.model();
    if (![...swarms.values()].some((swarm) => !isOver(swarm))) {
      // Nothing is made that could meet them.
      dirty = [];
      return;
    }
    dirty = (await client.project.dirty({ project: project.root })).map(({ path }) => path);
    lookup.update(leases);
    const worthALook = suspects(swarms.values(), lookup, dirty);
    for (const cell of changedNow.keys())
      if (!worthALook.some((one) => one.cell === cell)) changedNow.delete(cell);
    for (const suspect of worthALook) await examine(suspect);
  };

  const examine = async ({ epic, cell }: Suspect) => {
    if (performance.now() - (lookedAt.get(cell) ?? Number.NEGATIVE_INFINITY) < lookAgain) return;
    lookedAt.set(cell, performance.now());
    const client = await project.client();
    const changes = await client.swarm.changes({ project: project.root, epic, cell, now: true });
    changedNow.set(
      cell,
      changes.files.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath])),
    );
  };

  return {
    conflicts,
    isPending: () => isLooking || timer !== undefined,
    look,
    dispose: () => {
      isDisposed = true;
      clearTimeout(timer);
    },
  };
};
