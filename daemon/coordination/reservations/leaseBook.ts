/**
 * The leases held now and the requests that wait, in memory: a fold of the `lease_*` events and of the rows that
 * stand beside them, with an index of the leases' patterns. It reads no clock: the caller says when now is, and a
 * lease past its end is as good as released.
 *
 * There are two copies: one on which the writer decides, ahead of the disk, and one of what is durable, which
 * answers everybody else.
 */
import { Result } from "effect";
import type { LeaseConflictEntry } from "../../../shared/contract/errors.ts";
import { isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import { intersects, type Pattern, parsePattern, pathElements } from "../../../shared/contract/pattern.ts";
import type { AwakeClock } from "../../primitives/AwakeClock.ts";
import type { Row, StateChange } from "../../primitives/Projection.ts";
import { leaseOfRow, ticketOfRow } from "./leaseRow.ts";
import { leaseDeadlines, leaseTickets } from "./leaseTables.ts";
import { type PatternIndex, patternIndex } from "./patternIndex.ts";

/** On whose behalf files are asked for. */
export interface Claimant {
  readonly holder: string;
  readonly cell?: string;
  readonly epic?: string;
}

export interface Claim extends Claimant {
  readonly exclusive: boolean;
}

export interface Lease extends Claim {
  readonly lease: string;
  /** Fencing token: the `seq` of the grant. `cell` is absent once the lease has passed to the epic. */
  readonly token: number;
  readonly patterns: ReadonlyArray<string>;
  /** ISO 8601; absent: held until released. */
  readonly expiresAt?: string;
  readonly reason?: string;
  readonly project: string;
}

/** A lease as held: when it ends is awake time here, and wall time wherever it is shown or kept. */
export interface Held extends Omit<Lease, "expiresAt"> {
  readonly compiled: ReadonlyArray<Pattern>;
  readonly deadline: number | undefined;
  /** The deadline as it is recorded, in wall time (ISO 8601). */
  readonly until: string | undefined;
  /** There is a row with its deadline. */
  readonly renewed: boolean;
}

/** A request that waits. */
export interface Ticket extends Claim {
  readonly ticket: string;
  readonly project: string;
  /** Tickets are served in this order. */
  readonly position: number;
  readonly patterns: ReadonlyArray<string>;
  readonly compiled: ReadonlyArray<Pattern>;
  readonly reason?: string;
  /** null: until released. */
  readonly ttlSeconds: number | null;
  /** Awake time of the last sign of life. */
  readonly seen: number;
}

/** One pattern of one lease. */
interface Hold {
  readonly pattern: Pattern;
  readonly lease: string;
}

interface Shelf {
  readonly leases: Map<string, Held>;
  readonly index: PatternIndex<Hold>;
  readonly holds: Map<string, ReadonlyArray<Hold>>;
  readonly byHolder: Map<string, Set<string>>;
  /** In the order of their positions. */
  readonly tickets: Map<string, Ticket>;
}

/** The file systems that these platforms come with do not tell upper from lower case. */
const caseInsensitive = process.platform === "darwin" || process.platform === "win32";

export const readPattern = (text: string) => parsePattern(text, { caseInsensitive });

/** A pattern that a newer version understood and this one does not covers nothing here. */
export const readKnown = (texts: ReadonlyArray<string>): ReadonlyArray<Pattern> =>
  texts.flatMap((text) =>
    Result.match(readPattern(text), { onSuccess: (one) => [one], onFailure: () => [] }),
  );

export type LeaseBook = ReturnType<typeof leaseBook>;

/** What a book tells another of when leases end. */
interface Ends {
  readonly get: (project: string, lease: string) => Held | undefined;
}

/**
 * `other` is a copy that may know when a lease ends, in awake time: the clock may be set between a decision and its
 * commit, and before what a failed transaction took away is loaded anew. A lease must not have two ends then.
 */
export const leaseBook = (
  clock: Pick<AwakeClock["Service"], "awakeOf" | "wallOf">,
  other: () => Ends | undefined = () => undefined,
) => {
  const shelves = new Map<string, Shelf>();

  const get = (project: string, lease: string): Held | undefined => shelves.get(project)?.leases.get(lease);

  const endOf = (project: string, lease: string, until: string): number =>
    [get(project, lease), other()?.get(project, lease)].find((held) => held?.until === until)?.deadline ??
    clock.awakeOf(Date.parse(until));

  const shelfOf = (project: string): Shelf => {
    const known = shelves.get(project);
    if (known !== undefined) return known;
    const fresh: Shelf = {
      leases: new Map(),
      index: patternIndex(),
      holds: new Map(),
      byHolder: new Map(),
      tickets: new Map(),
    };
    shelves.set(project, fresh);
    return fresh;
  };

  const put = (lease: Lease) => {
    const { expiresAt: until, ...rest } = lease;
    const deadline = until === undefined ? undefined : endOf(lease.project, lease.lease, until);
    remove(lease.project, lease.lease);
    const shelf = shelfOf(lease.project);
    const compiled = readKnown(lease.patterns);
    const holds = compiled.map((pattern) => ({ pattern, lease: lease.lease }));
    for (const hold of holds) shelf.index.add(hold.pattern, hold);
    shelf.holds.set(lease.lease, holds);
    shelf.leases.set(lease.lease, { ...rest, compiled, deadline, until, renewed: false });
    enlist(shelf, lease.holder, lease.lease);
  };

  const remove = (project: string, lease: string) => {
    const shelf = shelves.get(project);
    const held = shelf?.leases.get(lease);
    if (shelf === undefined || held === undefined) return;
    for (const hold of shelf.holds.get(lease) ?? []) shelf.index.remove(hold.pattern, hold);
    shelf.holds.delete(lease);
    shelf.leases.delete(lease);
    delist(shelf, held.holder, lease);
  };

  /** Everything but the patterns, which are in the index. */
  const change = (project: string, lease: string, to: (held: Held) => Held) => {
    const shelf = shelves.get(project);
    const held = shelf?.leases.get(lease);
    if (shelf === undefined || held === undefined) return;
    delist(shelf, held.holder, lease);
    const next = to(held);
    shelf.leases.set(lease, next);
    enlist(shelf, next.holder, lease);
  };

  const applyEvent = (event: StoredEvent) => {
    if (!isKnown(event)) return;
    const { project } = event;
    switch (event.type) {
      case "lease_granted":
        return put({ ...event.data, token: event.seq, project });
      case "lease_passed": {
        const { lease, toEpic } = event.data;
        return change(project, lease, ({ cell: _, ...kept }) => ({ ...kept, holder: toEpic, epic: toEpic }));
      }
      case "lease_released": {
        const { lease, kept } = event.data;
        const held = shelves.get(project)?.leases.get(lease);
        if (held === undefined || kept === undefined) return remove(project, lease);
        const { compiled: _, deadline, until, renewed, ...rest } = held;
        put({ ...rest, patterns: kept });
        return change(project, lease, (one) => ({ ...one, deadline, until, renewed }));
      }
      case "lease_expired":
      case "lease_taken_over":
      case "lease_handed_over":
        return remove(project, event.data.lease);
      default:
        return;
    }
  };

  const renewTo = (project: string, lease: string, until: string) =>
    change(project, lease, (held) => ({
      ...held,
      deadline: endOf(project, lease, until),
      until,
      renewed: true,
    }));

  const putTicket = (ticket: Ticket) => {
    const { tickets } = shelfOf(ticket.project);
    const inPlace = tickets.has(ticket.ticket);
    const last = [...tickets.values()].at(-1);
    tickets.set(ticket.ticket, ticket);
    if (inPlace || last === undefined || last.position < ticket.position) return;
    const ordered = [...tickets].sort(([, left], [, right]) => left.position - right.position);
    tickets.clear();
    for (const [id, one] of ordered) tickets.set(id, one);
  };

  const applyState = (change: StateChange) => {
    const { project } = change;
    if (change.table === leaseDeadlines.name && "set" in change) {
      renewTo(project, String(change.key.lease), String(change.set.expires_at));
    }
    if (change.table !== leaseTickets.name) return;
    const ticket = String(change.key.ticket);
    if ("delete" in change) return void shelfOf(project).tickets.delete(ticket);
    const known = shelfOf(project).tickets.get(ticket);
    if (known === undefined) putTicket(ticketOfRow({ ...change.set, ticket, project }, clock));
    else putTicket({ ...known, seen: clock.awakeOf(Date.parse(String(change.set.seen_at))) });
  };

  /** Replaces everything by what is in the tables. */
  const load = (rows: {
    readonly leases: ReadonlyArray<Row>;
    readonly deadlines: ReadonlyArray<Row>;
    readonly tickets: ReadonlyArray<Row>;
  }) => {
    shelves.clear();
    // In the order of their grants, as when the events themselves are followed.
    const leases = rows.leases
      .flatMap((row) => leaseOfRow(row) ?? [])
      .sort((left, right) => left.token - right.token);
    for (const lease of leases) put(lease);
    for (const row of rows.deadlines) renewTo(String(row.project), String(row.lease), String(row.expires_at));
    for (const row of rows.tickets) putTicket(ticketOfRow(row, clock));
  };

  const shown = ({ compiled: _, deadline, until: __, renewed: ___, ...lease }: Held): Lease => ({
    ...lease,
    ...(deadline !== undefined && { expiresAt: new Date(clock.wallOf(deadline)).toISOString() }),
  });

  /** Every pair of a wanted and a held pattern that can cover the same path. */
  const conflicts = (
    project: string,
    wanted: ReadonlyArray<Pattern>,
    by: Claim,
    now: number,
  ): ReadonlyArray<LeaseConflictEntry & { readonly lease: string }> => {
    const { index, leases } = shelfOf(project);
    return wanted.flatMap((pattern) =>
      [...index.candidates(pattern)].flatMap((hold) => {
        const held = leases.get(hold.lease);
        if (held === undefined || isOver(held, now) || !stands(held, by)) return [];
        if (!intersects(pattern, hold.pattern)) return [];
        const { holder, cell, epic, expiresAt } = shown(held);
        return [
          {
            requested: pattern.text,
            held: hold.pattern.text,
            lease: held.lease,
            holder,
            ...(cell !== undefined && { cell }),
            ...(epic !== undefined && { epic }),
            ...(expiresAt !== undefined && { expiresAt }),
          },
        ];
      }),
    );
  };

  /** The leases that cover a path. */
  const covering = (project: string, path: string, now: number): ReadonlyArray<Held> => {
    const shelf = shelves.get(project);
    const exact = literal(path);
    if (exact === undefined || shelf === undefined) return [];
    const found = new Set<string>();
    for (const hold of shelf.index.candidates(exact)) {
      if (intersects(hold.pattern, exact)) found.add(hold.lease);
    }
    return [...found].flatMap((id) => {
      const held = shelf.leases.get(id);
      return held === undefined || isOver(held, now) ? [] : [held];
    });
  };

  /** Leases past their time that overlap these patterns, their end not recorded yet. */
  const overdue = (project: string, wanted: ReadonlyArray<Pattern>, now: number): ReadonlyArray<Held> => {
    const shelf = shelves.get(project);
    const found = new Set<Held>();
    for (const pattern of wanted) {
      for (const hold of shelf?.index.candidates(pattern) ?? []) {
        const held = shelf?.leases.get(hold.lease);
        if (held !== undefined && isOver(held, now) && intersects(pattern, hold.pattern)) found.add(held);
      }
    }
    return [...found];
  };

  return {
    overdue,
    load,
    applyEvent,
    applyState,
    conflicts,
    covering,
    shown,
    /** A lease that was granted and whose end is not recorded, perhaps past its time. */
    get,
    held: (project: string): ReadonlyArray<Held> => [...(shelves.get(project)?.leases.values() ?? [])],
    heldBy: (project: string, holder: string): ReadonlyArray<Held> => {
      const shelf = shelves.get(project);
      return [...(shelf?.byHolder.get(holder) ?? [])].flatMap((lease) => shelf?.leases.get(lease) ?? []);
    },
    ticket: (project: string, ticket: string): Ticket | undefined =>
      shelves.get(project)?.tickets.get(ticket),
    /** Those that wait, the first to come first. */
    tickets: (project: string): ReadonlyArray<Ticket> => [...(shelves.get(project)?.tickets.values() ?? [])],
    projects: (): ReadonlyArray<string> => [...shelves.keys()],
  };
};

const enlist = ({ byHolder }: Shelf, holder: string, lease: string) => {
  const own = byHolder.get(holder);
  if (own === undefined) byHolder.set(holder, new Set([lease]));
  else own.add(lease);
};

const delist = ({ byHolder }: Shelf, holder: string, lease: string) => {
  const own = byHolder.get(holder);
  own?.delete(lease);
  if (own?.size === 0) byHolder.delete(holder);
};

/** A path as it stands: what git knows may have characters that a pattern may not. */
const literal = (path: string): Pattern | undefined => {
  const elements = pathElements(path, caseInsensitive);
  return elements && { text: path, caseInsensitive, alternatives: [elements] };
};

export const isOver = (held: Pick<Held, "deadline">, now: number): boolean =>
  held.deadline !== undefined && held.deadline <= now;

/** Taken by a person or an agent for itself, and not for a cell. */
export const isByHand = ({ cell, epic }: Claimant): boolean => cell === undefined && epic === undefined;

/** Whether what one has, or waits for, stands in the way of another's claim on the same files. */
export const stands = (held: Claim, by: Claim): boolean => {
  if (!held.exclusive && !by.exclusive) return false;
  // An agent may be named like an epic; what it has by hand is its own all the same.
  if (held.holder === by.holder && isByHand(held) === isByHand(by)) return false;
  // What an epic keeps of its merged cells is open to its later ones; two cells at work are not to each other.
  const sameEpic = held.epic !== undefined && held.epic === by.epic;
  return !sameEpic || (held.cell !== undefined && by.cell !== undefined && held.cell !== by.cell);
};
