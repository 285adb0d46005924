/** Files go from one holder to another, past those who wait: taken over by the person, or handed over. */
import { Result } from "effect";
import { NotFound } from "../../../shared/contract/errors.ts";
import { intersects } from "../../../shared/contract/pattern.ts";
import { notOwn, ownByHand } from "./decideRelease.ts";
import { type Held, isOver, type Lease } from "./leaseBook.ts";
import { type At, both, end, grant, overdue, stream, type Wanted, type Writes } from "./leaseWrites.ts";

/** Ends whatever of others overlaps, and grants the files past the queue. */
export const decideTakeOver = (
  at: At,
  wanted: Wanted,
  lease: string,
): readonly [{ readonly ended: ReadonlyArray<Lease> }, Writes] => {
  const { book, project, now } = at;
  const rivals = new Set(book.conflicts(project, wanted.compiled, wanted, now).map((entry) => entry.lease));
  const ended = [...rivals].flatMap((id) => book.get(project, id) ?? []);
  const by = wanted.holder;
  const why = wanted.reason === undefined ? {} : { reason: wanted.reason };
  const takes = ended.map((held) =>
    end(held, { stream, type: "lease_taken_over", data: { lease: held.lease, by, ...why } }),
  );
  return [
    { ended: ended.map(book.shown) },
    both(overdue(at, wanted.compiled), ...takes, grant(at, lease, wanted)),
  ];
};

export interface HandOver {
  readonly holder: string;
  readonly patterns: ReadonlyArray<string>;
  readonly to: string;
  /** Asked when it is decided: whether the one who gets them is there. */
  readonly isThere?: () => boolean;
  readonly reason?: string;
}

/**
 * Gives whole leases of one's own to another agent, with those that overlap them; whoever waits goes on waiting, now
 * for that one.
 */
export const decideHandOver = (
  at: At,
  { holder, patterns, to, reason, isThere }: HandOver,
  freshId: () => string,
): Result.Result<readonly [ReadonlyArray<string>, Writes], NotFound> => {
  const { book, project, now } = at;
  if (isThere?.() === false) {
    const message = `${to} is not at work in this project. \`agent list\` shows those that are.`;
    return Result.fail(new NotFound({ message }));
  }
  const own = ownByHand(book, project, holder).filter((held) => !isOver(held, now));
  const held = new Set(own.flatMap((lease) => lease.patterns));
  const missing = patterns.find((text) => !held.has(text));
  if (missing !== undefined) return Result.fail(notOwn(holder, missing, held));
  const given = withOverlapping(
    own,
    own.filter((lease) => lease.patterns.some((text) => patterns.includes(text))),
  );
  const ids = given.map(freshId);
  const why = reason === undefined ? {} : { reason };
  const writes = given.map((lease, index) =>
    both(
      end(lease, { stream, type: "lease_handed_over", data: { lease: lease.lease, to, ...why } }),
      grant(at, ids[index] as string, {
        holder: to,
        exclusive: lease.exclusive,
        compiled: lease.compiled,
        ttlSeconds: lease.deadline === undefined ? null : Math.ceil((lease.deadline - now) / 1000),
        ...(lease.reason !== undefined && { reason: lease.reason }),
      }),
    ),
  );
  return Result.succeed([ids, both(...writes)]);
};

/** Leases of one holder may overlap; in two hands they would be in each other's way, so they go together. */
const withOverlapping = (own: ReadonlyArray<Held>, given: ReadonlyArray<Held>): ReadonlyArray<Held> => {
  const kept = own.filter((lease) => !given.includes(lease));
  const along = kept.filter((lease) =>
    given.some(
      (other) =>
        (lease.exclusive || other.exclusive) &&
        lease.compiled.some((left) => other.compiled.some((right) => intersects(left, right))),
    ),
  );
  return along.length === 0 ? given : withOverlapping(own, [...given, ...along]);
};
