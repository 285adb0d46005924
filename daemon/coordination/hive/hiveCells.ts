/**
 * Brings cells into the view when they are needed: at the start those that are not done, later whatever somebody asks
 * for, always with all that they wait for or belong to. What is done and not asked for stays on the disk, however
 * much of it there is.
 */
import { Effect, Semaphore } from "effect";
import type { StorageError } from "../../../shared/contract/errors.ts";
import type { StoredEvent } from "../../../shared/contract/events.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { cellsTable, dependenciesTable, fieldsTable, openTable, settingsTable } from "./cellsProjection.ts";
import { type HiveView, newId } from "./hiveView.ts";
import { leansOn } from "./readyCells.ts";

/** Cells whose rows are asked for at once. */
const cellsAtOnce = 500;

export const followCells = Effect.fnUntraced(function* (view: HiveView) {
  const store = yield* EventStore;
  const turn = yield* Semaphore.make(1);
  /** What was committed since the rows that are being loaded were read: perhaps they have it, perhaps not. */
  let since: Array<StoredEvent> = [];
  let loading = false;
  yield* store.onCommit((events) => {
    for (const event of events) view.apply(event);
    if (loading) since.push(...events);
  });
  /** Cells that have no rows are not asked for twice in one go. */
  const loadRows = Effect.fnUntraced(function* (project: string, ids: ReadonlyArray<string>) {
    const tried = new Set<string>();
    let wanted = ids;
    while (wanted.length > 0) {
      const some = wanted.slice(0, cellsAtOnce);
      for (const id of some) tried.add(id);
      const fields = yield* store.rows(fieldsTable, { project, cell: some });
      const dependencies = yield* store.rows(dependenciesTable, { project, cell: some });
      const { cells, missed } = view.of(project);
      view.load({ fields, dependencies, settings: [] });
      for (const event of since) view.apply(event);
      // Those without rows are no cells; when they are made they are here at once.
      for (const id of some) missed.delete(id);
      const further = some.flatMap((id) => {
        const cell = cells.get(id);
        return cell === undefined ? [] : leansOn(cell);
      });
      wanted = [...new Set([...wanted.slice(cellsAtOnce), ...further])].filter(
        (id) => !tried.has(id) && !cells.has(id),
      );
    }
  });

  const inTurn = <A>(load: Effect.Effect<A, StorageError>) =>
    turn.withPermit(
      Effect.suspend(() => {
        loading = true;
        return load;
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            loading = false;
            since = [];
          }),
        ),
      ),
    );

  /** The cells, and those that changed while they were not here; what is no cell is passed over. */
  const bring = (project: string, ids: ReadonlyArray<string>): Effect.Effect<void, StorageError> =>
    Effect.suspend(() => {
      const { cells, missed } = view.of(project);
      const absent = [...new Set([...ids, ...missed])].filter((id) => !cells.has(id));
      return absent.length === 0 ? Effect.void : inTurn(loadRows(project, absent));
    });

  yield* inTurn(
    Effect.gen(function* () {
      view.load({ fields: [], dependencies: [], settings: yield* store.rows(settingsTable) });
      const open = Map.groupBy(yield* store.rows(openTable), ({ project }) => String(project));
      for (const [project, rows] of open) {
        yield* loadRows(
          project,
          rows.map(({ cell }) => String(cell)),
        );
      }
    }),
  );

  const counts = new Map<string, number>();
  /** Projects of which every cell is here, and so stays. */
  const whole = new Set<string>();
  return {
    bring,
    /** Every cell of the project: as costly as there are many, the first time. */
    bringAll: (project: string) =>
      Effect.suspend(() =>
        whole.has(project)
          ? Effect.void
          : store.rows(cellsTable, { project }).pipe(
              Effect.flatMap((rows) =>
                bring(
                  project,
                  rows.map(({ cell }) => String(cell)),
                ),
              ),
              Effect.andThen(Effect.sync(() => void whole.add(project))),
            ),
      ),
    /** An id that no cell has, handed out to nobody else. */
    newId: Effect.fnUntraced(function* (project: string, parent?: string) {
      const here = view.of(project);
      // How long ids are depends on it roughly, so that it is counted once.
      const count = counts.get(project) ?? (yield* store.count(cellsTable, { project }));
      counts.set(project, count + 1);
      for (;;) {
        const id = newId(here, { parent, count });
        here.planned.add(id);
        if ((yield* store.count(cellsTable, { project, cell: id })) === 0) return id;
      }
    }),
  };
});
