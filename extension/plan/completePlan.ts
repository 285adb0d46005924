/**
 * What may stand at a place in a plan: paths in `files`, one folder at a time as they are typed, and the other
 * subtasks in `dependencies`. Field names come from the plan's schema.
 */
import { findNodeAtLocation, getLocation, getNodeValue, parseTree } from "jsonc-parser";

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface PlanCompletion {
  readonly label: string;
  readonly detail?: string;
  /** As it stands in the JSON. */
  readonly insert: string;
  readonly kind: "file" | "folder" | "subtask";
  /** A folder's own name: what is in it comes next. */
  readonly goesOn: boolean;
}

export interface PlanCompletions {
  /** The part of the text that a completion replaces. */
  readonly offset: number;
  readonly length: number;
  readonly items: ReadonlyArray<PlanCompletion>;
}

/** `list` gives what is in a folder, named from the repository's root with `/` ("" for the root itself). */
export const completePlan = async (
  text: string,
  offset: number,
  list: (folder: string) => Promise<ReadonlyArray<FolderEntry>>,
): Promise<PlanCompletions | undefined> => {
  const { path, previousNode } = getLocation(text, offset);
  if (path[0] !== "subtasks" || typeof path[1] !== "number") return undefined;
  if (path[2] === "files" && path.length === 4) return completeFile(text, offset, previousNode, list);
  if (path[2] === "dependencies") return completeDependency(text, offset, path[1]);
  return undefined;
};

type Typed = { readonly type: string; readonly offset: number; readonly length: number } | undefined;

const completeFile = async (
  text: string,
  offset: number,
  node: Typed,
  list: (folder: string) => Promise<ReadonlyArray<FolderEntry>>,
): Promise<PlanCompletions> => {
  // Inside of a string that has begun only what is in its quotes is replaced.
  const inString = node?.type === "string" && offset > node.offset;
  const start = inString ? node.offset + 1 : offset;
  const typed = text.slice(start, offset);
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  // A pattern names no folder that could be looked into.
  const entries =
    /[*?{}\\]/.test(folder) || folder.includes("../") ? [] : await list(folder.replace(/\/$/, ""));
  const quoted = (path: string) => (inString ? JSON.stringify(path).slice(1, -1) : JSON.stringify(path));
  const end = inString
    ? Math.max(offset, node.offset + node.length - (isClosed(text, node) ? 1 : 0))
    : offset;
  return {
    offset: start,
    length: end - start,
    items: entries
      .filter(({ name }) => name !== ".git")
      .flatMap(({ name, isFolder }): ReadonlyArray<PlanCompletion> => {
        const path = folder + name;
        if (!isFolder) return [{ label: path, insert: quoted(path), kind: "file", goesOn: false }];
        return [
          { label: `${path}/`, insert: quoted(`${path}/`), kind: "folder", goesOn: inString },
          { label: `${path}/**`, insert: quoted(`${path}/**`), kind: "folder", goesOn: false },
        ];
      }),
  };
};

const isClosed = (text: string, node: { readonly offset: number; readonly length: number }) =>
  node.length > 1 && text[node.offset + node.length - 1] === '"';

/** Every subtask but this one, by position. */
const completeDependency = (text: string, offset: number, own: number): PlanCompletions => {
  const root = parseTree(text);
  const subtasks = root === undefined ? undefined : findNodeAtLocation(root, ["subtasks"]);
  const start = offset - (/\d*$/.exec(text.slice(0, offset))?.[0].length ?? 0);
  const items = (subtasks?.children ?? []).flatMap((subtask, index): ReadonlyArray<PlanCompletion> => {
    if (index === own) return [];
    const title = findNodeAtLocation(subtask, ["title"]);
    const detail: unknown = title === undefined ? "" : getNodeValue(title);
    return [
      { label: String(index), detail: String(detail), insert: String(index), kind: "subtask", goesOn: false },
    ];
  });
  return { offset: start, length: offset - start, items };
};
