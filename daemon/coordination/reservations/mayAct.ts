/** The fence: whether the holder of files may still act on them. */
import { Result } from "effect";
import { LockNotHeld } from "../../../shared/contract/errors.ts";
import { type Held, isOver, stands } from "./leaseBook.ts";
import type { At } from "./leaseWrites.ts";

/** A gate verdict, a merge or a landing, on behalf of an epic. */
export interface Act {
  readonly epic: string;
  /** Whose lease it needs, under which token; without it, the whole epic's. */
  readonly cell?: { readonly id: string; readonly token: number };
  /** The paths that it changes, relative to the root. */
  readonly paths: ReadonlyArray<string>;
}

/**
 * Whether the epic may still act on these paths: it must have every one of them, and nobody outside it may have got
 * one later.
 */
export const mayAct = (
  { book, project, now }: At,
  { epic, cell, paths }: Act,
): Result.Result<void, LockNotHeld> => {
  const who = cell?.id ?? epic;
  const lost = (what: string) =>
    Result.fail(
      new LockNotHeld({
        message: `${what}, so nothing is recorded for ${who}. It has to get its files again first.`,
      }),
    );
  const own =
    cell === undefined
      ? undefined
      : book
          .held(project)
          .find(
            (held) =>
              held.token === cell.token &&
              held.epic === epic &&
              (held.cell === cell.id || held.cell === undefined) &&
              !isOver(held, now),
          );
  if (cell !== undefined && own === undefined) {
    return lost(`${who} does not hold its files under token ${cell.token} any more`);
  }
  for (const path of paths) {
    const covering = book.covering(project, path, now);
    const ours = covering.filter((held) => held.epic === epic);
    if (cell === undefined && ours.length === 0) return lost(`${who} does not hold ${path} any more`);
    const token = own?.token ?? Math.max(...ours.map((held) => held.token));
    const claim = own ?? (ours[0] as Held);
    const rival = covering.find((held) => held.token > token && held.epic !== epic && stands(held, claim));
    if (rival !== undefined) {
      return lost(`${path} was granted to ${rival.holder} (token ${rival.token}) after token ${token}`);
    }
  }
  return Result.succeed(undefined);
};
