/**
 * What agents print, for one watcher: of each cell the latest line, so often and no oftener. The ones between are
 * dropped, so that neither a flood nor a watcher that reads slowly costs anything.
 */

/** Milliseconds between two lines of one cell: four a second. */
const every = 250;

export type LatestLines = ReturnType<typeof latestLines>;

/** Times are milliseconds of any one clock. */
export const latestLines = () => {
  const waiting = new Map<string, string>();
  const told = new Map<string, number>();

  const dueAt = (cell: string) => (told.get(cell) ?? Number.NEGATIVE_INFINITY) + every;

  return {
    /** Answers whether the watcher has something new to wait for. */
    put: (cell: string, line: string): boolean => {
      const isFirst = !waiting.has(cell);
      waiting.set(cell, line);
      return isFirst;
    },
    /** Hands out the lines whose time has come. */
    take: (now: number): ReadonlyArray<readonly [cell: string, line: string]> => {
      for (const [cell, at] of told) if (at + every <= now) told.delete(cell);
      const due = [...waiting].filter(([cell]) => dueAt(cell) <= now);
      for (const [cell] of due) {
        waiting.delete(cell);
        told.set(cell, now);
      }
      return due;
    },
    /** When the next line's time comes; undefined when none waits. */
    nextAt: (): number | undefined =>
      waiting.size === 0 ? undefined : Math.min(...[...waiting.keys()].map(dueAt)),
  };
};
