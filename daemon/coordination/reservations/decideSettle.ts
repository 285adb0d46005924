/** What time does: leases end, tickets lapse, and the queue is served. */
import { Deadlock } from "../../../shared/contract/errors.ts";
import { type Held, isOver, type Ticket } from "./leaseBook.ts";
import { queueAt } from "./leaseQueue.ts";
import { deadlockMessage } from "./leaseRequest.ts";
import {
  type At,
  both,
  deadlineRow,
  dropTicket,
  expired,
  grant,
  nothing,
  overdue,
  ticketRow,
  type Writes,
} from "./leaseWrites.ts";

/** How long a request keeps its place without a sign of life. */
export const ticketLife = 10 * 60 * 1000;

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
    overlay.push({ ...ticket, lease, token: 0, deadline: undefined, until: undefined, renewed: false });
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

export const expireIfOver = ({ book, project, now }: At, lease: string): Writes => {
  const held = book.get(project, lease);
  return held !== undefined && isOver(held, now) ? expired(held) : nothing;
};

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
