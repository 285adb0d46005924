/**
 * The leases held now, in memory: a fold of the `lease_*` events, with an index of their patterns. Who conflicts
 * with whom is decided here and nowhere else. It reads no clock: the caller says when now is, and a lease past
 * its end is as good as released.
 */
import { Result } from "effect";
import type { LeaseConflictEntry } from "../../../shared/contract/errors.ts";
import { isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import { intersects, type Pattern, parsePattern, pathElements } from "../../../shared/contract/pattern.ts";
import { type PatternIndex, patternIndex } from "./patternIndex.ts";
import type { Lease } from "./Reservations.ts";

/** On whose behalf files are asked for. */
export interface Claimant {
  readonly holder: string;
  readonly cell?: string;
  readonly epic?: string;
}

/** One pattern of one lease. */
interface Hold {
  readonly pattern: Pattern;
  readonly lease: string;
}

interface Shelf {
  readonly leases: Map<string, Lease>;
  readonly index: PatternIndex<Hold>;
  readonly holds: Map<string, ReadonlyArray<Hold>>;
}

/** The file systems that these platforms come with do not tell upper from lower case. */
const caseInsensitive = process.platform === "darwin" || process.platform === "win32";

export const readPattern = (text: string) => parsePattern(text, { caseInsensitive });

export type LeaseBook = ReturnType<typeof leaseBook>;

export const leaseBook = () => {
  const shelves = new Map<string, Shelf>();

  const shelfOf = (project: string): Shelf => {
    const known = shelves.get(project);
    if (known !== undefined) return known;
    const fresh: Shelf = { leases: new Map(), index: patternIndex(), holds: new Map() };
    shelves.set(project, fresh);
    return fresh;
  };

  const put = (lease: Lease) => {
    remove(lease.project, lease.lease);
    const shelf = shelfOf(lease.project);
    // A pattern that a newer version understood and this one does not covers nothing here.
    const holds = lease.patterns.flatMap((text) =>
      Result.match(readPattern(text), {
        onSuccess: (pattern) => [{ pattern, lease: lease.lease }],
        onFailure: () => [],
      }),
    );
    for (const hold of holds) shelf.index.add(hold.pattern, hold);
    shelf.leases.set(lease.lease, lease);
    shelf.holds.set(lease.lease, holds);
  };

  const remove = (project: string, lease: string) => {
    const shelf = shelves.get(project);
    for (const hold of shelf?.holds.get(lease) ?? []) shelf?.index.remove(hold.pattern, hold);
    shelf?.holds.delete(lease);
    shelf?.leases.delete(lease);
  };

  const apply = (event: StoredEvent) => {
    if (!isKnown(event)) return;
    const { project } = event;
    switch (event.type) {
      case "lease_granted":
        return put({ ...event.data, token: event.seq, project });
      case "lease_passed": {
        const { lease, toEpic } = event.data;
        const held = shelves.get(project)?.leases.get(lease);
        if (held === undefined) return;
        const { cell: _, ...kept } = held;
        // The patterns are the same, so the index stays as it is.
        shelfOf(project).leases.set(lease, { ...kept, holder: toEpic, epic: toEpic });
        return;
      }
      case "lease_released":
      case "lease_expired":
        return remove(project, event.data.lease);
      default:
        return;
    }
  };

  const list = (project: string, now: number): ReadonlyArray<Lease> =>
    [...shelfOf(project).leases.values()].filter((lease) => !isOver(lease, now));

  /** Every pair of a wanted and a held pattern that can cover the same path. */
  const conflicts = (
    project: string,
    wanted: ReadonlyArray<Pattern>,
    by: Claimant & { readonly exclusive: boolean },
    now: number,
  ): ReadonlyArray<LeaseConflictEntry> => {
    const { index, leases } = shelfOf(project);
    return wanted.flatMap((pattern) =>
      [...index.candidates(pattern)].flatMap((hold) => {
        const lease = leases.get(hold.lease);
        if (lease === undefined || isOver(lease, now) || !stands(lease, by)) return [];
        return intersects(pattern, hold.pattern) ? [entryOf(pattern.text, hold.pattern.text, lease)] : [];
      }),
    );
  };

  /** The leases that cover a path. */
  const covering = (project: string, path: string, now: number): ReadonlyArray<Lease> => {
    const shelf = shelfOf(project);
    const exact = literal(path);
    if (exact === undefined) return [];
    const found = [...shelf.index.candidates(exact)].filter((hold) => intersects(hold.pattern, exact));
    return [...new Set(found.map((hold) => hold.lease))].flatMap((id) => {
      const lease = shelf.leases.get(id);
      return lease === undefined || isOver(lease, now) ? [] : [lease];
    });
  };

  return {
    put,
    apply,
    list,
    conflicts,
    covering,
    /** A lease that was granted and neither released nor recorded as expired. */
    get: (project: string, lease: string): Lease | undefined => shelves.get(project)?.leases.get(lease),
    /** Leases past their end that nothing has recorded as expired yet. */
    due: (project: string, now: number): ReadonlyArray<Lease> =>
      [...shelfOf(project).leases.values()].filter((lease) => isOver(lease, now)),
  };
};

/** A path as it stands: what git knows may have characters that a pattern may not. */
const literal = (path: string): Pattern | undefined => {
  const elements = pathElements(path, caseInsensitive);
  return elements && { text: path, caseInsensitive, alternatives: [elements] };
};

export const isOver = (lease: Lease, now: number): boolean =>
  lease.expiresAt !== undefined && Date.parse(lease.expiresAt) <= now;

/** Whether a held lease stands in the way of a claim on the same files. */
const stands = (held: Lease, by: Claimant & { readonly exclusive: boolean }): boolean => {
  if (!held.exclusive && !by.exclusive) return false;
  if (held.holder === by.holder) return false;
  // What an epic keeps of its merged cells is open to its later ones; two cells at work are not to each other.
  const sameEpic = held.epic !== undefined && held.epic === by.epic;
  return !sameEpic || (held.cell !== undefined && by.cell !== undefined && held.cell !== by.cell);
};

const entryOf = (requested: string, held: string, lease: Lease): LeaseConflictEntry => ({
  requested,
  held,
  holder: lease.holder,
  ...(lease.cell === undefined ? {} : { cell: lease.cell }),
  ...(lease.epic === undefined ? {} : { epic: lease.epic }),
  ...(lease.expiresAt === undefined ? {} : { expiresAt: lease.expiresAt }),
});
