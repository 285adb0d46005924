/** Grants files, or says why not, or takes a place in the queue. */
import { Result } from "effect";
import { Deadlock, InvalidInput, LeaseConflict } from "../../../shared/contract/errors.ts";
import { type Held, isOver, type Lease, type Ticket } from "./leaseBook.ts";
import { queueAt } from "./leaseQueue.ts";
import { deadlockMessage, refusal } from "./leaseRequest.ts";
import {
  type At,
  both,
  deadlineRow,
  dropTicket,
  grant,
  nothing,
  overdue,
  ticketRow,
  type Wanted,
  type Writes,
} from "./leaseWrites.ts";

export interface Granted {
  readonly kind: "granted";
  readonly lease: string;
  /** Set when the holder had it already. */
  readonly already?: Lease;
}

export interface Waiting {
  readonly kind: "waiting";
  readonly ticket: string;
}

/** Grants the files, or says why not. `lease` is the id that a new lease gets. */
export const decideReserve = (
  at: At,
  wanted: Wanted,
  lease: string,
): Result.Result<readonly [Granted, Writes], LeaseConflict | InvalidInput> => {
  const { book, project, now } = at;
  const absent = gone(wanted);
  if (absent !== undefined) return Result.fail(absent);
  const already = heldAlready(at, wanted);
  if (already !== undefined) {
    const [shown, writes] = extended(at, already, wanted.ttlSeconds);
    return Result.succeed([{ kind: "granted", lease: already.lease, already: shown }, writes]);
  }
  const { conflicts, ahead } = queueAt(book, project, now).blockersOf(wanted, book.tickets(project));
  if (conflicts.length > 0) {
    return Result.fail(new LeaseConflict({ message: refusal(conflicts), conflicts, ahead }));
  }
  return Result.succeed([
    { kind: "granted", lease },
    both(overdue(at, wanted.compiled), grant(at, lease, wanted)),
  ]);
};

/** Grants the files or takes a place in the queue; a place that was taken before is kept. */
export const decideReserveOrWait = (
  at: At,
  wanted: Wanted,
  fresh: { readonly lease: string; readonly ticket: string },
): Result.Result<readonly [Granted | Waiting, Writes], Deadlock | InvalidInput> => {
  const { book, project, now } = at;
  const absent = gone(wanted);
  if (absent !== undefined) return Result.fail(absent);
  const tickets = book.tickets(project);
  const own = tickets.find(
    (one) =>
      one.holder === wanted.holder &&
      one.cell === wanted.cell &&
      one.exclusive === wanted.exclusive &&
      sameFiles(one, wanted),
  );
  const dropped: Writes = { events: [], state: own === undefined ? [] : [dropTicket(own.ticket)] };
  const already = heldAlready(at, wanted);
  if (already !== undefined) {
    const [shown, writes] = extended(at, already, wanted.ttlSeconds);
    const answer = { kind: "granted", lease: already.lease, already: shown } as const;
    return Result.succeed([answer, both(dropped, writes)]);
  }
  const earlier = own === undefined ? tickets : tickets.filter((one) => one.position < own.position);
  const { conflicts, cycle } = queueAt(book, project, now).blockersOf(wanted, earlier);
  if (conflicts.length === 0) {
    const answer = { kind: "granted", lease: fresh.lease } as const;
    return Result.succeed([
      answer,
      both(dropped, overdue(at, wanted.compiled), grant(at, fresh.lease, wanted)),
    ]);
  }
  if (cycle !== undefined) return Result.fail(new Deadlock({ message: deadlockMessage(cycle), cycle }));
  const ticket: Omit<Ticket, "compiled"> = {
    ticket: own?.ticket ?? fresh.ticket,
    project,
    position: own?.position ?? (tickets.at(-1)?.position ?? 0) + 1,
    holder: wanted.holder,
    ...(wanted.cell !== undefined && { cell: wanted.cell }),
    ...(wanted.epic !== undefined && { epic: wanted.epic }),
    patterns: wanted.compiled.map((pattern) => pattern.text),
    exclusive: wanted.exclusive,
    ...(wanted.reason !== undefined && { reason: wanted.reason }),
    ttlSeconds: wanted.ttlSeconds,
    seen: now,
  };
  const answer = { kind: "waiting", ticket: ticket.ticket } as const;
  return Result.succeed([answer, { events: [], state: [ticketRow(at, ticket)] }]);
};

/** An agent may have ended since it asked. */
const gone = ({ holder, isThere }: Wanted) =>
  isThere()
    ? undefined
    : new InvalidInput({ message: `${holder} has ended, so it can hold no files. Register again.` });

const sameFiles = ({ patterns }: { readonly patterns: ReadonlyArray<string> }, wanted: Wanted): boolean => {
  if (patterns.length !== wanted.compiled.length) return false;
  const texts = new Set(patterns);
  return wanted.compiled.every((pattern) => texts.has(pattern.text));
};

/** What the same holder has already, for the very same request: asking again renews it. */
const heldAlready = ({ book, project, now }: At, wanted: Wanted): Held | undefined =>
  book
    .heldBy(project, wanted.holder)
    .find(
      (held) =>
        held.cell === wanted.cell &&
        held.exclusive === wanted.exclusive &&
        !isOver(held, now) &&
        sameFiles(held, wanted),
    );

/** Moves the end on, never back, and shows the lease as it is then. */
export const extended = (at: At, held: Held, ttlSeconds: number | null): readonly [Lease, Writes] => {
  const later = ttlSeconds === null ? undefined : at.now + ttlSeconds * 1000;
  if (held.deadline === undefined || later === undefined || later <= held.deadline) {
    return [at.book.shown(held), nothing];
  }
  return [at.book.shown({ ...held, deadline: later }), { events: [], state: [deadlineRow(at, held, later)] }];
};
