/**
 * What is written for each thing that may be done with leases: pure functions of the book, called by the store's
 * writer, so that nothing comes between what a decision saw and what it writes.
 */
import { Result } from "effect";
import {
  Deadlock,
  InvalidInput,
  LeaseConflict,
  LockNotHeld,
  NotFound,
} from "../../../shared/contract/errors.ts";
import { intersects, type Pattern } from "../../../shared/contract/pattern.ts";
import type { AwakeClock } from "../../primitives/AwakeClock.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import type { RowChange } from "../../primitives/Projection.ts";
import {
  type Claim,
  type Held,
  isByHand,
  isOver,
  type Lease,
  type LeaseBook,
  stands,
  type Ticket,
} from "./leaseBook.ts";
import { queueAt } from "./leaseQueue.ts";
import { deadlockMessage, refusal } from "./leaseRequest.ts";
import { rowOfTicket } from "./leaseRow.ts";
import { leaseDeadlines, leaseTickets } from "./leaseTables.ts";

/** What a decision looks at: the book, the project it is about, and the time. */
export interface At {
  readonly book: LeaseBook;
  readonly clock: AwakeClock["Service"];
  readonly project: string;
  readonly now: number;
}

export interface Writes {
  readonly events: ReadonlyArray<NewEvent>;
  readonly state: ReadonlyArray<RowChange>;
}

/** A request that was found to be well formed. */
export interface Wanted extends Claim {
  readonly compiled: ReadonlyArray<Pattern>;
  readonly ttlSeconds: number | null;
  readonly reason?: string;
  readonly isThere: () => boolean;
}

const stream = "lease";
/** How long a request keeps its place without a sign of life. */
export const ticketLife = 10 * 60 * 1000;

const nothing: Writes = { events: [], state: [] };

const both = (...parts: ReadonlyArray<Writes>): Writes => ({
  events: parts.flatMap((part) => part.events),
  state: parts.flatMap((part) => part.state),
});

/** A renewal's row goes with the lease. */
const end = (held: Held, event: NewEvent): Writes => ({
  events: [event],
  state: held.renewed ? [{ table: leaseDeadlines.name, key: { lease: held.lease }, delete: true }] : [],
});

export const expired = (held: Held): Writes =>
  end(held, { stream, type: "lease_expired", data: { lease: held.lease } });

export const released = (held: Held, reason: string): Writes =>
  end(held, { stream, type: "lease_released", data: { lease: held.lease, reason } });

const dropTicket = (ticket: string): RowChange => ({
  table: leaseTickets.name,
  key: { ticket },
  delete: true,
});

/** Leases past their time are ended before their files are given to anybody else. */
const overdue = ({ book, project, now }: At, compiled: ReadonlyArray<Pattern>): Writes =>
  both(...book.overdue(project, compiled, now).map(expired));

const iso = ({ clock, now }: At, seconds: number) =>
  new Date(clock.wallOf(now + seconds * 1000)).toISOString();

const grant = (at: At, lease: string, wanted: Omit<Wanted, "isThere">): Writes => ({
  events: [
    {
      stream,
      type: "lease_granted",
      data: {
        lease,
        holder: wanted.holder,
        ...(wanted.cell !== undefined && { cell: wanted.cell }),
        ...(wanted.epic !== undefined && { epic: wanted.epic }),
        patterns: wanted.compiled.map((pattern) => pattern.text),
        exclusive: wanted.exclusive,
        ...(wanted.reason !== undefined && { reason: wanted.reason }),
        ...(wanted.ttlSeconds !== null && { expiresAt: iso(at, wanted.ttlSeconds) }),
      },
    },
  ],
  state: [],
});

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

const deadlineRow = ({ clock }: At, { lease }: Held, deadline: number): RowChange => ({
  table: leaseDeadlines.name,
  key: { lease },
  set: { expires_at: new Date(clock.wallOf(deadline)).toISOString() },
});

/** The rows in which wall times stand, for when the two clocks have moved apart. */
export const rewriteDeadlines = (at: At): Writes => ({
  events: [],
  state: [
    ...at.book
      .held(at.project)
      .flatMap((held) => (held.deadline === undefined ? [] : [deadlineRow(at, held, held.deadline)])),
    ...at.book.tickets(at.project).map((ticket) => ticketRow(at, ticket)),
  ],
});

export const expireIfOver = ({ book, project, now }: At, lease: string): Writes => {
  const held = book.get(project, lease);
  return held !== undefined && isOver(held, now) ? expired(held) : nothing;
};

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

const ticketRow = ({ clock }: At, ticket: Omit<Ticket, "compiled">): RowChange => ({
  table: leaseTickets.name,
  key: { ticket: ticket.ticket },
  set: rowOfTicket(ticket, clock),
});

export const decideWithdraw = (
  { book, project }: At,
  holder: string,
  ticket: string,
): Result.Result<readonly [undefined, Writes], NotFound> =>
  book.ticket(project, ticket)?.holder === holder
    ? Result.succeed([undefined, { events: [], state: [dropTicket(ticket)] }])
    : Result.fail(new NotFound({ message: `${holder} has no request ${ticket} in the queue.` }));

export interface Settled {
  readonly granted: ReadonlyArray<{ readonly ticket: string; readonly lease: string }>;
  /** Their waiting would never end: something that they wait for was given to somebody who waits for them. */
  readonly deadlocked: ReadonlyArray<{ readonly ticket: string; readonly error: Deadlock }>;
}

/** Serves the queue after something changed: those whose files are free now, in their order. */
export const decideSettle = (at: At, freshId: () => string): readonly [Settled, Writes] => {
  const { book, project, now } = at;
  const granted: Array<Settled["granted"][number]> = [];
  const writes: Array<Writes> = [];
  const drop = ({ ticket }: Ticket): Writes => ({ events: [], state: [dropTicket(ticket)] });
  const alive = book.tickets(project).filter((ticket) => {
    const isAlive = ticket.seen + ticketLife > now;
    if (!isAlive) writes.push(drop(ticket));
    return isAlive;
  });
  const { deadlocked, left } = breakCircles(at, alive);
  writes.push(...deadlocked.map(({ ticket }) => ({ events: [], state: [dropTicket(ticket)] })));
  const queue = queueAt(book, project, now, left);
  const overlay: Array<Held> = [];
  const grants: Array<Writes> = [];
  const waiting: Array<Ticket> = [];
  for (const ticket of left) {
    if (queue.blockersOf(ticket, waiting, overlay).conflicts.length > 0) {
      waiting.push(ticket);
      continue;
    }
    const lease = freshId();
    granted.push({ ticket: ticket.ticket, lease });
    overlay.push({ ...ticket, lease, token: 0, deadline: undefined, renewed: false });
    grants.push(drop(ticket), grant(at, lease, ticket));
  }
  // One that is over may be in the way of several.
  const ended = overdue(
    at,
    overlay.flatMap((held) => held.compiled),
  );
  return [{ granted, deadlocked }, both(...writes, ended, ...grants)];
};

/** No request closes a circle, but a take-over or a hand-over may: then whoever came last is refused. */
const breakCircles = ({ book, project, now }: At, tickets: ReadonlyArray<Ticket>) => {
  const deadlocked: Array<Settled["deadlocked"][number]> = [];
  let left = tickets;
  let queue = queueAt(book, project, now, left);
  for (const ticket of tickets.toReversed()) {
    const earlier = left.filter((one) => one.position < ticket.position);
    const { cycle } = queue.blockersOf(ticket, earlier);
    if (cycle === undefined) continue;
    const error = new Deadlock({ message: deadlockMessage(cycle), cycle });
    deadlocked.push({ ticket: ticket.ticket, error });
    left = left.filter((one) => one !== ticket);
    queue = queueAt(book, project, now, left);
  }
  return { deadlocked, left };
};

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

const notOwn = (holder: string, text: string, held: ReadonlySet<string>) =>
  new NotFound({
    message:
      held.size === 0
        ? `${holder} holds no files, so "${text}" can't be given up.`
        : `${holder} does not hold "${text}"; it holds ${[...held].join(", ")}.`,
  });

/** A cell's lease belongs to the cell: nobody gives it up or away by hand. */
export const ownByHand = (book: LeaseBook, project: string, holder: string): ReadonlyArray<Held> =>
  book.heldBy(project, holder).filter(isByHand);

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
