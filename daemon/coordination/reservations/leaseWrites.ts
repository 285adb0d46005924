/**
 * The events and rows that make up what is written about leases, and what a decision looks at. Decisions are pure
 * functions of the book, called by the store's writer, so that nothing comes between what they saw and what they write.
 */
import type { Pattern } from "../../../shared/contract/pattern.ts";
import type { AwakeClock } from "../../primitives/AwakeClock.ts";
import type { NewEvent } from "../../primitives/EventStore.ts";
import type { RowChange } from "../../primitives/Projection.ts";
import type { Claim, Held, LeaseBook, Ticket } from "./leaseBook.ts";
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

export const stream = "lease";

export const nothing: Writes = { events: [], state: [] };

export const both = (...parts: ReadonlyArray<Writes>): Writes => ({
  events: parts.flatMap((part) => part.events),
  state: parts.flatMap((part) => part.state),
});

/** A renewal's row goes with the lease. */
export const end = (held: Held, event: NewEvent): Writes => ({
  events: [event],
  state: held.renewed ? [{ table: leaseDeadlines.name, key: { lease: held.lease }, delete: true }] : [],
});

export const expired = (held: Held): Writes =>
  end(held, { stream, type: "lease_expired", data: { lease: held.lease } });

export const released = (held: Held, reason: string): Writes =>
  end(held, { stream, type: "lease_released", data: { lease: held.lease, reason } });

export const dropTicket = (ticket: string): RowChange => ({
  table: leaseTickets.name,
  key: { ticket },
  delete: true,
});

export const ticketRow = ({ clock }: At, ticket: Omit<Ticket, "compiled">): RowChange => ({
  table: leaseTickets.name,
  key: { ticket: ticket.ticket },
  set: rowOfTicket(ticket, clock),
});

export const deadlineRow = ({ clock }: At, { lease }: Held, deadline: number): RowChange => ({
  table: leaseDeadlines.name,
  key: { lease },
  set: { expires_at: new Date(clock.wallOf(deadline)).toISOString() },
});

/** Leases past their time are ended before their files are given to anybody else. */
export const overdue = ({ book, project, now }: At, compiled: ReadonlyArray<Pattern>): Writes =>
  both(...book.overdue(project, compiled, now).map(expired));

const iso = ({ clock, now }: At, seconds: number) =>
  new Date(clock.wallOf(now + seconds * 1000)).toISOString();

export const grant = (at: At, lease: string, wanted: Omit<Wanted, "isThere">): Writes => ({
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
