/**
 * The tracker: cells (work items) with beads' fields, epics, dependencies, and which cells are ready. Those that are
 * not done are in memory. Every change carries field stamps, so that clones can be merged later.
 *
 * `planEpic`, `planChild` and `changes` only say which events a change is: the swarm appends them in one batch
 * with its own. What they planned is not seen by anybody before that.
 */
import { Clock, Context, Effect, Layer, Result, Semaphore } from "effect";
import { InvalidInput, type NotFound, NotNow, type StorageError } from "../../../shared/contract/errors.ts";
import type { EventDataOf } from "../../../shared/contract/events.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import { EventStore, type NewEvent, type Origin } from "../../primitives/EventStore.ts";
import { changedFields, type Fields } from "./cellFields.ts";
import {
  cellCreated,
  dependencyAdded,
  type EpicCells,
  type EpicPlan,
  epicCells,
  stampsOf,
} from "./epicCells.ts";
import { followCells } from "./hiveCells.ts";
import { byAge, byUrgency, findCell, hiveView, type ProjectCells, viewOf } from "./hiveView.ts";
import { type Cell, isDoneStatus } from "./readyCells.ts";
import { fieldClock } from "./stamp.ts";

export type CellError = InvalidInput | NotFound | StorageError;
export type DependencyKind = EventDataOf<"cell_dependency_added">["dependency"];

export class Hive extends Context.Service<
  Hive,
  {
    /** With `parent_id` the cell becomes `<parent>.<n>`. */
    readonly create: (origin: Origin, fields: Fields) => Effect.Effect<CellView, CellError>;
    readonly createEpic: (
      origin: Origin,
      plan: EpicPlan,
    ) => Effect.Effect<EpicCells, InvalidInput | StorageError>;
    readonly planEpic: (
      origin: Origin,
      plan: EpicPlan,
    ) => Effect.Effect<EpicCells, InvalidInput | StorageError>;
    readonly planChild: (
      origin: Origin,
      parentId: string,
      child: { readonly title: string; readonly description?: string },
    ) => Effect.Effect<{ readonly id: string; readonly events: ReadonlyArray<NewEvent> }, CellError>;
    /** Null clears a field. */
    readonly update: (origin: Origin, id: string, fields: Fields) => Effect.Effect<CellView, CellError>;
    /** The events of an update; none when nothing would change. */
    readonly changes: (
      origin: Origin,
      id: string,
      fields: Fields,
    ) => Effect.Effect<ReadonlyArray<NewEvent>, CellError>;
    /** `assignee` works on it from now on. Of several who start a ready cell at once, one succeeds. */
    readonly start: (
      origin: Origin,
      id: string,
      assignee: string,
    ) => Effect.Effect<CellView, CellError | NotNow>;
    readonly close: (origin: Origin, id: string, reason?: string) => Effect.Effect<CellView, CellError>;
    readonly reopen: (origin: Origin, id: string) => Effect.Effect<CellView, CellError>;
    /** `id` depends on `dependsOn`. A cycle of waiting is refused and named. */
    readonly addDependency: (
      origin: Origin,
      id: string,
      dependsOn: string,
      kind: DependencyKind,
    ) => Effect.Effect<CellView, CellError>;
    /** The oldest first. Deleted cells (status `tombstone`) only when that is asked for. */
    readonly list: (
      project: string,
      filter?: { readonly status?: string },
    ) => Effect.Effect<ReadonlyArray<CellView>, StorageError>;
    /** Of all cells but the deleted ones; the oldest first. */
    readonly ids: (project: string) => Effect.Effect<ReadonlyArray<string>, StorageError>;
    /** Those that there are. */
    readonly showAll: (
      project: string,
      ids: ReadonlyArray<string>,
    ) => Effect.Effect<ReadonlyArray<CellView>, StorageError>;
    /** These cells and those whose readiness may be another since they changed; deleted ones too. */
    readonly affected: (
      project: string,
      ids: Iterable<string>,
    ) => Effect.Effect<ReadonlyArray<CellView>, StorageError>;
    /** The most urgent first, then the oldest. */
    readonly ready: (project: string) => Effect.Effect<ReadonlyArray<CellView>, StorageError>;
    readonly show: (project: string, id: string) => Effect.Effect<CellView, NotFound | StorageError>;
  }
>()("opencode-vibe/coordination/Hive") {
  /** `cloneId` is that of the data folder. */
  static readonly layer = (options: { readonly cloneId: string }) =>
    Layer.effect(Hive, make(options.cloneId));
}

const make = Effect.fnUntraced(function* (cloneId: string) {
  const store = yield* EventStore;
  const clock = yield* Clock.Clock;
  /** Stamps are written in the order in which they were made. */
  const turn = yield* Semaphore.make(1);
  const stamps = fieldClock(cloneId);
  const nowMs = () => clock.currentTimeMillisUnsafe();
  const view = hiveView((stamp) => stamps.receive(stamp, nowMs()));

  const cells = yield* followCells(view);

  const around = (origin: Origin) => ({
    now: new Date(nowMs()).toISOString(),
    actor: origin.actor,
    stamp: () => stamps.tick(nowMs()),
  });

  const find = Effect.fnUntraced(function* (project: string, id: string) {
    yield* cells.bring(project, [id]);
    return yield* findCell(view.of(project), id);
  });

  const planNew = Effect.fnUntraced(function* (origin: Origin, fields: Fields) {
    const parent = fields.parent_id ?? null;
    if (parent !== null) yield* find(origin.project, String(parent));
    const id = yield* cells.newId(origin.project, parent === null ? undefined : String(parent));
    const event = yield* orInvalid(cellCreated(id, fields, around(origin)));
    return { id, events: [event] };
  });

  const planEpic = Effect.fn("Hive.planEpic")(function* (origin: Origin, plan: EpicPlan) {
    const here = view.of(origin.project);
    const id = yield* cells.newId(origin.project);
    const planned = yield* orInvalid(epicCells(plan, id, around(origin)));
    for (const child of planned.cellIds) here.planned.add(child);
    return planned;
  });

  const changes = Effect.fn("Hive.changes")(function* (origin: Origin, id: string, given: Fields) {
    const here = view.of(origin.project);
    const cell = yield* find(origin.project, id);
    const { now, stamp } = around(origin);
    const fields = yield* orInvalid(changedFields(cell.fields, given, now));
    if (typeof fields.parent_id === "string") {
      yield* find(origin.project, fields.parent_id);
      yield* refuseCycle(here, id, fields.parent_id);
    }
    if (Object.keys(fields).length === 0) return [];
    const event: NewEvent = {
      stream: `cell/${id}`,
      type: "cell_updated",
      data: { id, fields, stamps: stampsOf(fields, stamp()) },
    };
    return [event];
  });

  const planDependency = Effect.fnUntraced(function* (
    origin: Origin,
    id: string,
    dependsOn: string,
    kind: DependencyKind,
  ) {
    const here = view.of(origin.project);
    const cell = yield* find(origin.project, id);
    yield* find(origin.project, dependsOn);
    const known = cell.dependencies.find((one) => one.depends_on_id === dependsOn);
    if (known?.type === kind) return [];
    if (known !== undefined) {
      return yield* invalid(
        `${id} depends on ${dependsOn} already, as "${known.type}". Two cells have one dependency.`,
      );
    }
    if (id === dependsOn) return yield* invalid(`${id} can't depend on itself.`);
    if (kind === "blocks" || kind === "parent-child") yield* refuseCycle(here, id, dependsOn);
    return [dependencyAdded(id, dependsOn, kind, around(origin).stamp())];
  });

  /** Plans and appends with no other such change in between, and says what the cell is then. */
  const commit = <A, E>(
    origin: Origin,
    plan: Effect.Effect<A, E>,
    eventsOf: (planned: A) => ReadonlyArray<NewEvent>,
  ): Effect.Effect<A, E | StorageError> =>
    turn.withPermit(
      Effect.uninterruptible(
        Effect.tap(plan, (planned) =>
          // No expectation and no id is given, and the data is typed: only storage can fail.
          Effect.catchTag(
            store.append(origin, eventsOf(planned)),
            ["ConcurrencyConflict", "EventRejected"],
            Effect.die,
          ),
        ),
      ),
    );
  const all = (events: ReadonlyArray<NewEvent>) => events;
  const show = Effect.fn("Hive.show")(function* (project: string, id: string) {
    const cell = yield* find(project, id);
    return viewOf(view.of(project), cell);
  });

  const viewsOf = (project: string, ids: ReadonlyArray<string>) => {
    const here = view.of(project);
    return ids.flatMap((id) => {
      const cell = here.cells.get(id);
      return cell === undefined ? [] : [viewOf(here, cell)];
    });
  };

  const update = Effect.fn("Hive.update")(function* (origin: Origin, id: string, fields: Fields) {
    yield* commit(origin, changes(origin, id, fields), all);
    return yield* show(origin.project, id);
  });

  return Hive.of({
    planEpic,
    changes,
    update,
    show,
    planChild: Effect.fn("Hive.planChild")(function* (origin, parentId, { title, description }) {
      return yield* planNew(origin, { title, parent_id: parentId, ...(description && { description }) });
    }),
    create: Effect.fn("Hive.create")(function* (origin, fields) {
      const { id } = yield* commit(origin, planNew(origin, fields), (planned) => planned.events);
      return yield* show(origin.project, id);
    }),
    createEpic: Effect.fn("Hive.createEpic")(function* (origin, plan) {
      return yield* commit(origin, planEpic(origin, plan), (planned) => planned.events);
    }),
    start: Effect.fn("Hive.start")(function* (origin, id, assignee) {
      const begin = Effect.gen(function* () {
        const cell = yield* show(origin.project, id);
        const { ready, status, fields, waiting_for: reasons } = cell;
        if (status === "in_progress" && fields.assignee === assignee) return [];
        if (ready) return yield* changes(origin, id, { status: "in_progress", assignee });
        const by = typeof fields.assignee === "string" ? `; ${fields.assignee} works on it` : "";
        return yield* new NotNow({
          message: `${id} can't be started: ${reasons.join(", ")}${by}. Ask for what is ready.`,
        });
      });
      yield* commit(origin, begin, all);
      return yield* show(origin.project, id);
    }),
    close: Effect.fn("Hive.close")(function* (origin, id, reason) {
      return yield* update(origin, id, {
        status: "closed",
        ...(reason !== undefined && { close_reason: reason }),
      });
    }),
    reopen: Effect.fn("Hive.reopen")(function* (origin, id) {
      return yield* update(origin, id, { status: "open" });
    }),
    addDependency: Effect.fn("Hive.addDependency")(function* (origin, id, dependsOn, kind) {
      yield* commit(origin, planDependency(origin, id, dependsOn, kind), all);
      return yield* show(origin.project, id);
    }),
    list: Effect.fn("Hive.list")(function* (project, { status } = {}) {
      yield* status === undefined || isDoneStatus(status)
        ? cells.bringAll(project)
        : cells.bring(project, []);
      const here = view.of(project);
      const isWanted = (cell: Cell) =>
        status === undefined ? cell.fields.status !== "tombstone" : cell.fields.status === status;
      return [...here.cells.values()]
        .filter(isWanted)
        .sort(byAge)
        .map((cell) => viewOf(here, cell));
    }),
    ids: Effect.fn("Hive.ids")(function* (project) {
      yield* cells.bringAll(project);
      const all = [...view.of(project).cells.values()];
      const shown = all.filter(({ fields }) => fields.status !== "tombstone");
      return shown.sort(byAge).map(({ id }) => id);
    }),
    showAll: Effect.fn("Hive.showAll")(function* (project, ids) {
      yield* cells.bring(project, ids);
      return viewsOf(project, ids);
    }),
    affected: Effect.fn("Hive.affected")(function* (project, ids) {
      // What hangs on them is known of the cells that are here only.
      yield* cells.bringAll(project);
      return viewsOf(project, view.of(project).ready.affected(ids));
    }),
    ready: Effect.fn("Hive.ready")(function* (project) {
      yield* cells.bring(project, []);
      const here = view.of(project);
      const found = [...here.ready.ids].flatMap((id) => here.cells.get(id) ?? []);
      return found.sort(byUrgency).map((cell) => viewOf(here, cell));
    }),
  });
});

/** `id` is about to wait for `other`, which must not wait for `id` then. */
const refuseCycle = (here: ProjectCells, id: string, other: string) => {
  const chain = here.ready.chain(other, id);
  return chain === undefined
    ? Effect.void
    : invalid(
        `${id} and ${other} would wait for one another: ${[id, ...chain].join(" → ")}. Remove one of these first.`,
      );
};

const invalid = (message: string) => Effect.fail(new InvalidInput({ message }));
const orInvalid = <A>(result: Result.Result<A, string>): Effect.Effect<A, InvalidInput> =>
  Result.isSuccess(result) ? Effect.succeed(result.success) : invalid(result.failure);
