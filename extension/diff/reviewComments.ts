/**
 * The person's remarks on lines of what a swarm made, until they go along with *Send back*. Plain data, so that they
 * outlive the window.
 */
import type { LineComment } from "../../shared/contract/swarmRoutes.ts";
import type { CommitFile } from "./commitUri.ts";

export interface ReviewComment {
  readonly id: string;
  readonly file: CommitFile;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Those that go along when an epic, or one cell of it, is sent back: a cell takes those on its files. */
export const commentsFor = (
  all: ReadonlyArray<ReviewComment>,
  target: {
    readonly project: string;
    readonly epic: string;
    readonly cell?: string;
    readonly changed: ReadonlyArray<string>;
  },
): ReadonlyArray<ReviewComment> =>
  all.filter(({ file }) => {
    if (file.project !== target.project || file.epic !== target.epic) return false;
    if (target.cell === undefined || file.cell === target.cell) return true;
    return file.cell === undefined && target.changed.includes(file.path);
  });

/** What is sent: by file and line, each remark once. */
export const lineComments = (comments: ReadonlyArray<ReviewComment>): ReadonlyArray<LineComment> =>
  comments
    .map(({ file, line, text }) => ({ path: file.path, line, text }))
    .sort((left, right) =>
      left.path === right.path ? left.line - right.line : left.path < right.path ? -1 : 1,
    );

/** What was stored, as far as it is what it should be. */
export const readComments = (stored: unknown): ReadonlyArray<ReviewComment> =>
  Array.isArray(stored) ? stored.filter(isComment) : [];

const isComment = (value: unknown): value is ReviewComment => {
  const one = value as Partial<ReviewComment> | null;
  return (
    typeof one?.id === "string" &&
    typeof one.text === "string" &&
    Number.isInteger(one.line) &&
    typeof one.file?.path === "string" &&
    typeof one.file.project === "string" &&
    typeof one.file.epic === "string" &&
    typeof one.file.commit === "string"
  );
};
