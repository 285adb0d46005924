/**
 * Who waits for whom. A request waits for whoever holds files of it, and for earlier requests that want them too, so
 * that a wide one is not starved by narrow ones. It may overtake an earlier one that itself waits, even indirectly,
 * for the requester: to wait for that would be to wait for oneself. Waiting for a holder who waits, even indirectly,
 * for the requester would never end; it is refused as it forms.
 */
import type { LeaseConflictEntry } from "../../../shared/contract/errors.ts";
import { intersects, type Pattern } from "../../../shared/contract/pattern.ts";
import { type Held, type LeaseBook, stands, type Ticket } from "./leaseBook.ts";
import { type PatternIndex, patternIndex } from "./patternIndex.ts";

/** A request as the queue sees it. */
export type Request = Pick<Ticket, "holder" | "cell" | "epic" | "exclusive" | "compiled">;

/** Files that one holder waits for and another has, or wants first. */
interface Edge {
  readonly holder: string;
  readonly file: string;
}

/** For each holder, whom it waits for. */
type Graph = Map<string, Array<Edge>>;

export interface Blockers {
  readonly conflicts: ReadonlyArray<LeaseConflictEntry>;
  /** How many earlier requests come first. */
  readonly ahead: number;
  /** The holders from the requester back to itself, when waiting would never end. */
  readonly cycle: ReadonlyArray<{ readonly holder: string; readonly waitsFor: string }> | undefined;
}

/** The queue of one project at one moment. Drawing who waits for whom is put off until it matters, and done once. */
export const queueAt = (
  book: LeaseBook,
  project: string,
  now: number,
  tickets: ReadonlyArray<Ticket> = book.tickets(project),
) => {
  let drawn: Graph | undefined;
  const graph = () => {
    drawn ??= waitGraph(book, project, tickets, now);
    return drawn;
  };
  /** Nobody waits for one who has nothing and asks for nothing. */
  const awaited = (holder: string) =>
    book.heldBy(project, holder).length > 0 || tickets.some((one) => one.holder === holder);

  /**
   * What a request waits for, behind `earlier`; without any conflict it can be granted. `granted` are leases that
   * the book does not have yet.
   */
  const blockersOf = (
    request: Request,
    earlier: ReadonlyArray<Ticket>,
    granted: ReadonlyArray<Held> = [],
  ): Blockers => {
    const held = [
      ...book
        .conflicts(project, request.compiled, request, now)
        .map(({ lease: _, ...entry }): LeaseConflictEntry => entry),
      ...granted.flatMap((lease) => meeting(request, lease)),
    ];
    const inWay = earlier.flatMap((ticket) => {
      const entries = meeting(request, ticket);
      return entries.length === 0 ? [] : [{ ticket, entries }];
    });
    if (held.length === 0 && inWay.length === 0) return { conflicts: [], ahead: 0, cycle: undefined };
    const waits = awaited(request.holder) ? graph() : new Map();
    const before = inWay.filter(({ ticket }) => path(waits, ticket.holder, request.holder) === undefined);
    const conflicts = [
      ...held,
      ...before.flatMap(({ entries }) => entries.map((entry) => ({ ...entry, waiting: true }))),
    ];
    return { conflicts, ahead: before.length, cycle: cycleThrough(waits, request.holder, held) };
  };
  return { blockersOf };
};

const cycleThrough = (graph: Graph, requester: string, held: ReadonlyArray<LeaseConflictEntry>) => {
  for (const { holder, requested } of held) {
    const back = path(graph, holder, requester);
    if (back !== undefined) return [{ holder: requester, file: requested }, ...back].map(asStep);
  }
  return undefined;
};

/** `file` is what the holder of this step waits for, from the next one. */
const asStep = (step: Edge) => ({ holder: step.holder, waitsFor: step.file });

/**
 * All that wait, in their order. Edges to lease holders come first; an edge to an earlier request is only drawn where
 * that one does not wait for the later one already.
 */
const waitGraph = (book: LeaseBook, project: string, tickets: ReadonlyArray<Ticket>, now: number): Graph => {
  const graph: Graph = new Map();
  const draw = (from: string, edge: Edge) => {
    const edges = graph.get(from);
    if (edges === undefined) graph.set(from, [edge]);
    else edges.push(edge);
  };
  for (const ticket of tickets) {
    for (const { holder, requested } of book.conflicts(project, ticket.compiled, ticket, now)) {
      draw(ticket.holder, { holder, file: requested });
    }
  }
  tickets.forEach((ticket, at) => {
    for (const earlier of tickets.slice(0, at)) {
      const [entry] = meeting(ticket, earlier);
      if (entry === undefined || path(graph, earlier.holder, ticket.holder) !== undefined) continue;
      draw(ticket.holder, { holder: earlier.holder, file: entry.requested });
    }
  });
  return graph;
};

/** The steps by which `from` waits for `to`, each with the file waited for; undefined when it does not. */
const path = (graph: Graph, from: string, to: string): ReadonlyArray<Edge> | undefined => {
  const cameBy = new Map<string, { readonly step: Edge; readonly before: string | undefined }>();
  const open = [from];
  const steps = (last: string): ReadonlyArray<Edge> => {
    const by = cameBy.get(last);
    return by === undefined ? [] : [...(by.before === undefined ? [] : steps(by.before)), by.step];
  };
  const seen = new Set([from]);
  for (let current = open.shift(); current !== undefined; current = open.shift()) {
    if (current === to) return steps(current);
    for (const { holder, file } of graph.get(current) ?? []) {
      if (seen.has(holder)) continue;
      seen.add(holder);
      cameBy.set(holder, { step: { holder: current, file }, before: current });
      open.push(holder);
    }
  }
  return undefined;
};

/** Every pair of patterns by which two claims are in each other's way. */
const meeting = (
  request: Request,
  other: Pick<Ticket, "holder" | "cell" | "epic" | "exclusive" | "compiled">,
): ReadonlyArray<LeaseConflictEntry> => {
  if (!stands(other, request)) return [];
  return request.compiled.flatMap((wanted) =>
    [...indexOf(other.compiled).candidates(wanted)].flatMap((theirs) =>
      intersects(wanted, theirs)
        ? [
            {
              requested: wanted.text,
              held: theirs.text,
              holder: other.holder,
              ...(other.cell !== undefined && { cell: other.cell }),
              ...(other.epic !== undefined && { epic: other.epic }),
            },
          ]
        : [],
    ),
  );
};

const indexes = new WeakMap<ReadonlyArray<Pattern>, PatternIndex<Pattern>>();

/** Two requests may name a thousand patterns each. */
const indexOf = (patterns: ReadonlyArray<Pattern>): PatternIndex<Pattern> => {
  const known = indexes.get(patterns);
  if (known !== undefined) return known;
  const index = patternIndex<Pattern>();
  for (const pattern of patterns) index.add(pattern, pattern);
  indexes.set(patterns, index);
  return index;
};
