/** A comparison, file by file, as the editor's multi-file diff takes it. */
import type { SwarmChanges } from "../../shared/contract/swarmRoutes.ts";
import { type CommitFile, commitUri, type UriParts } from "./commitUri.ts";

export interface DiffEntry {
  readonly path: string;
  readonly before: UriParts | undefined;
  readonly after: UriParts | undefined;
}

/** Where only the mode is another there is nothing to compare, and both sides are shown all the same. */
export const diffEntries = (
  changes: SwarmChanges,
  whose: Pick<CommitFile, "project" | "epic" | "cell">,
): ReadonlyArray<DiffEntry> =>
  changes.files.map(({ path, oldPath, status }) => ({
    path,
    before:
      status === "added"
        ? undefined
        : commitUri({ ...whose, commit: changes.base, path: oldPath ?? path, side: "before" }),
    after:
      status === "deleted" ? undefined : commitUri({ ...whose, commit: changes.head, path, side: "after" }),
  }));
