/** Gives files up: by their holder, with their holder, or with their epic. */
import { Result } from "effect";
import { LockNotHeld, NotFound } from "../../../shared/contract/errors.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import { type Held, isByHand, isOver, type LeaseBook } from "./leaseBook.ts";
import { type At, both, dropTicket, released, stream, type Writes } from "./leaseWrites.ts";

/** The lease, if this holder has it under this very token. */
export const holding = (
  { book, project, now }: At,
  claim: { readonly lease: string; readonly token: number; readonly holder: string },
): Result.Result<Held, LockNotHeld> => {
  const held = book.get(project, claim.lease);
  if (held?.token === claim.token && held.holder === claim.holder && !isOver(held, now)) {
    return Result.succeed(held);
  }
  return Result.fail(
    new LockNotHeld({
      message: `${claim.holder} does not hold the lease ${claim.lease} under token ${claim.token}: it was released, expired, or granted anew. Reserve the files again before you go on.`,
    }),
  );
};

/** The leases by hand of a holder, whole or some patterns of them, that these texts name. */
export const decideRelease = (
  { book, project, now }: At,
  holder: string,
  patterns: ReadonlyArray<string>,
  reason: string,
): Result.Result<readonly [undefined, Writes], NotFound> => {
  const own = ownByHand(book, project, holder).filter((held) => !isOver(held, now));
  const held = new Set(own.flatMap((lease) => lease.patterns));
  const missing = patterns.find((text) => !held.has(text));
  if (missing !== undefined) return Result.fail(notOwn(holder, missing, held));
  const writes = own.flatMap((lease) => {
    const kept = lease.patterns.filter((text) => !patterns.includes(text));
    if (kept.length === lease.patterns.length) return [];
    if (kept.length === 0) return [released(lease, reason)];
    const data = { lease: lease.lease, reason, kept };
    return [{ events: [{ stream, type: "lease_released" as const, data }], state: [] }];
  });
  return Result.succeed([undefined, both(...writes)]);
};

export const decideWithdraw = (
  { book, project }: At,
  holder: string,
  ticket: string,
): Result.Result<readonly [undefined, Writes], NotFound> =>
  book.ticket(project, ticket)?.holder === holder
    ? Result.succeed([undefined, { events: [], state: [dropTicket(ticket)] }])
    : Result.fail(new NotFound({ message: `${holder} has no request ${ticket} in the queue.` }));

/** Ends everything by hand of a holder, and its places in the queue; answers the patterns that were given up. */
export const decideReleaseAll = (
  { book, project }: At,
  holder: string,
  reason: string,
): readonly [ReadonlyArray<string>, Writes] => {
  const own = ownByHand(book, project, holder);
  const waiting = book.tickets(project).filter((one) => one.holder === holder && isByHand(one));
  const writes = both(
    { events: [], state: waiting.map(({ ticket }) => dropTicket(ticket)) },
    ...own.map((held) => released(held, reason)),
  );
  return [own.flatMap((held) => held.patterns), writes];
};

/** Ends what an epic and its cells hold and wait for. */
export const decideEndEpic = (
  { book, project }: At,
  epic: string,
  reason: string,
  events: ReadonlyArray<NewEvent>,
): Writes =>
  both(
    { events, state: [] },
    ...book
      .held(project)
      .filter((held) => held.epic === epic)
      .map((held) => released(held, reason)),
    ...book
      .tickets(project)
      .filter((ticket) => ticket.epic === epic)
      .map(({ ticket }): Writes => ({ events: [], state: [dropTicket(ticket)] })),
  );

/** A cell's lease belongs to the cell: nobody gives it up or away by hand. */
export const ownByHand = (book: LeaseBook, project: string, holder: string): ReadonlyArray<Held> =>
  book.heldBy(project, holder).filter(isByHand);

export const notOwn = (holder: string, text: string, held: ReadonlySet<string>) =>
  new NotFound({
    message:
      held.size === 0
        ? `${holder} holds no files, so "${text}" can't be given up.`
        : `${holder} does not hold "${text}"; it holds ${[...held].join(", ")}.`,
  });
