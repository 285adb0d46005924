/**
 * Reads what git prints with `-z`. Names come as they are, with no quoting; bytes that are no UTF-8 come as
 * U+FFFD.
 */
import type { PathChange } from "../../../shared/contract/events.ts";
import { nulFields } from "../../platform/Git.ts";

export interface TreeEntry {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
}

/** `git config --list`: the last value of each key. */
export const parseConfig = (text: string): ReadonlyMap<string, string> =>
  new Map(
    nulFields(text).map((field) => {
      const end = field.indexOf("\n");
      return end === -1 ? [field, "true"] : [field.slice(0, end), field.slice(end + 1)];
    }),
  );

/** `git ls-tree -r`. */
export const parseTree = (text: string): ReadonlyArray<TreeEntry> =>
  nulFields(text).map((field) => {
    const tab = field.indexOf("\t");
    const [mode = "", , oid = ""] = field.slice(0, tab).split(" ");
    return { path: field.slice(tab + 1), mode, oid };
  });

/** The two letters of `git status --porcelain`: what is staged, and what is changed beside it. */
export const parseStatus = (text: string): ReadonlyArray<{ readonly path: string; readonly state: string }> =>
  nulFields(text).map((field) => {
    const [staged, unstaged] = field;
    const state =
      staged === "?"
        ? "untracked"
        : staged === " "
          ? "modified"
          : unstaged === " "
            ? "staged"
            : "staged and modified";
    return { path: field.slice(3), state };
  });

/** Raw diff lines with `-z`: `:<mode> <mode> <oid> <oid> <status>`, then the path. */
export const parseChanges = (text: string): ReadonlyArray<PathChange> => {
  const fields = nulFields(text);
  const changes: Array<PathChange> = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [oldMode = "", newMode = "", oldOid = "", newOid = ""] = fields[i]!.slice(1).split(" ");
    const side = (mode: string, oid: string) => (/^0+$/.test(mode) ? null : { oid, mode });
    changes.push({ path: fields[i + 1]!, old: side(oldMode, oldOid), new: side(newMode, newOid) });
  }
  return changes;
};
