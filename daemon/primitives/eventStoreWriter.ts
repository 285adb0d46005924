/**
 * The one fiber that writes the log. Appends that wait when the previous transaction ends share the next one; when
 * it fails it is tried by halves, so that only what is bad fails. (Two that bring the same event id are parted that
 * way too; the second then finds the first.)
 *
 * Each member is placed on views that know of the ones placed before it. When the transaction fails, the views know
 * of things that never were: they are loaded anew before anything else is decided.
 *
 * A projection that throws fails the append whose event it was given. A listener that throws stops the writer for
 * good, since a view in memory would then differ from the log: every later append fails with that defect.
 */
import { Cause, Clock, Deferred, Effect, Exit, Queue, Result } from "effect";
import { type EventRejected, StorageError } from "../../shared/contract/errors.ts";
import type { StoredEvent } from "../../shared/contract/events.ts";
import type { SqlBatch } from "../platform/Sql.ts";
import type { SqlStatement } from "../platform/sqlWorker.ts";
import type { AppendError, Decision, DecisionView, Moment, NewEvent, Origin } from "./EventStore.ts";
import type { EventQueries } from "./eventQueries.ts";
import { makePlace, type Placement, type PlaceRequest } from "./eventStorePlace.ts";
import type { Projection, StateChange, StateTable } from "./Projection.ts";

/** One call of `append` or `decide`, waiting for its transaction. */
interface Member extends PlaceRequest {
  /** Its types are those of the call: they are forgotten here and restored where it is answered. */
  readonly done: Deferred.Deferred<unknown, unknown>;
}

interface Placed {
  readonly member: Member;
  readonly exit: Exit.Exit<Placement, unknown>;
}

/** Work that needs the writer for itself. */
interface Exclusive {
  readonly run: Effect.Effect<void>;
  readonly stop: (cause: Cause.Cause<StorageError>) => Effect.Effect<void>;
}

/** More than this in one transaction makes the first caller wait without making the last one faster. */
const membersAtOnce = 256;
/** Streams whose last `seq` is remembered; the others are looked up. */
const headsKept = 4096;
/** Failures that no single append can be blamed for; trying halves of it would only fail again, slowly. */
const nobodysFault = /^(THREAD_ENDED|SQLITE_(BUSY|READONLY|IOERR|CORRUPT|NOTADB|CANTOPEN))/;

export const startWriter = Effect.fnUntraced(function* (options: {
  readonly sql: SqlBatch["Service"];
  readonly queries: EventQueries;
  readonly projections: ReadonlyArray<Projection>;
  readonly stateTables: ReadonlyArray<StateTable>;
  readonly views: ReadonlySet<DecisionView>;
  /** Called in commit order, before any caller is answered. */
  readonly onCommitted: (events: ReadonlyArray<StoredEvent>, state: ReadonlyArray<StateChange>) => void;
}) {
  const { sql, queries, projections, stateTables, views } = options;
  const last = yield* queries.last;
  let head = last.seq;
  let lastAt = last.at === "" ? 0 : Date.parse(last.at);
  let stopped: Cause.Cause<StorageError> | undefined;
  const inbox = yield* Queue.unbounded<Member | Exclusive>();

  const heads = new Map<string, number>();
  const streamKey = (tenant: string, project: string, stream: string) =>
    JSON.stringify([tenant, project, stream]);
  const remember = (key: string, seq: number) => {
    heads.delete(key);
    heads.set(key, seq);
    const [oldest] = heads.size > headsKept ? heads.keys() : [];
    if (oldest !== undefined) heads.delete(oldest);
  };
  /** Heads of streams as they will be when the transaction in hand has committed. */
  let tentative = new Map<string, number>();
  const headOf = Effect.fnUntraced(function* (tenant: string, project: string, stream: string) {
    const key = streamKey(tenant, project, stream);
    const known = tentative.get(key) ?? heads.get(key);
    if (known !== undefined) return known;
    const found = yield* queries.streamHead(tenant, project, stream);
    remember(key, found);
    return found;
  });
  const place = makePlace({ queries, projections, stateTables, headOf });

  /** The views know of what was not written. */
  let viewsStray = false;
  const show = (placement: Placement) => {
    for (const view of views) {
      for (const event of placement.fresh) view.applyEvent(event);
      for (const change of placement.state) view.applyState?.(change);
    }
  };
  const loadViews = Effect.gen(function* () {
    if (!viewsStray) return;
    for (const view of views) yield* view.load;
    viewsStray = false;
  });

  const commit = (members: ReadonlyArray<Member>): Effect.Effect<void> =>
    Effect.gen(function* () {
      const loaded = yield* Effect.exit(loadViews);
      if (Exit.isFailure(loaded)) return yield* refuse(members, loaded.cause);
      const now = Math.max(yield* Clock.currentTimeMillis, lastAt);
      tentative = new Map();
      const placed: Array<Placed> = [];
      let next = head + 1;
      for (const member of members) {
        const exit = yield* Effect.exit(place(member, { seq: next, at: now }));
        placed.push({ member, exit });
        if (Exit.isFailure(exit)) continue;
        for (const event of exit.value.fresh) {
          tentative.set(streamKey(event.tenant, event.project, event.stream), event.seq);
        }
        next += exit.value.fresh.length;
        yield* Effect.sync(() => show(exit.value));
      }
      const accepted = placed.flatMap(({ exit }) => (Exit.isSuccess(exit) ? [exit.value] : []));
      const written = yield* Effect.exit(write(accepted, now));
      if (Exit.isSuccess(written)) {
        for (const { member, exit } of placed) {
          yield* Deferred.done(
            member.done,
            Exit.map(exit, ({ answer, stored }) => answer(stored)),
          );
        }
      } else {
        viewsStray = true;
        yield* retry(placed, written.cause);
      }
    });

  const refuse = (members: ReadonlyArray<Member>, cause: Cause.Cause<StorageError>) =>
    Effect.forEach(members, ({ done }) => Deferred.failCause(done, cause), { discard: true });

  const write = Effect.fnUntraced(function* (accepted: ReadonlyArray<Placement>, now: number) {
    const fresh = accepted.flatMap((one) => one.fresh);
    const changes = accepted.flatMap((one) => one.changes);
    if (fresh.length === 0 && changes.length === 0) return;
    yield* sql.run([...queries.insert(fresh), ...changes]);
    head += fresh.length;
    if (fresh.length > 0) lastAt = now;
    for (const [key, seq] of tentative) remember(key, seq);
    const state = accepted.flatMap((one) => one.state);
    yield* Effect.sync(() => options.onCommitted(fresh, state));
  });

  /** A member refused beside one that failed is judged anew: it may have been refused because of that one. */
  const retry = Effect.fnUntraced(function* (
    placed: ReadonlyArray<Placed>,
    cause: Cause.Cause<StorageError>,
  ) {
    // A defect after the commit is not for retrying: what was written is written.
    if (Cause.hasDies(cause)) return yield* Effect.failCause(cause as Cause.Cause<never>);
    const error = Cause.squash(cause);
    const hopeless = error instanceof StorageError && nobodysFault.test(error.code);
    const accepted = placed.filter(({ exit }) => Exit.isSuccess(exit));
    const again =
      hopeless || accepted.length === 1 ? placed.filter(({ exit }) => Exit.isFailure(exit)) : placed;
    if (again !== placed) for (const { member } of accepted) yield* Deferred.failCause(member.done, cause);
    const members = again.map(({ member }) => member);
    const middle = again === placed ? Math.ceil(members.length / 2) : members.length;
    for (const half of [members.slice(0, middle), members.slice(middle)])
      if (half.length > 0) yield* commit(half);
  });

  const stop = (item: Member | Exclusive, cause: Cause.Cause<StorageError>) =>
    "run" in item ? item.stop(cause) : Effect.asVoid(Deferred.failCause(item.done, cause));

  const work = (items: ReadonlyArray<Member | Exclusive>): Effect.Effect<void> =>
    Effect.gen(function* () {
      if (stopped !== undefined) return yield* Effect.failCause(stopped);
      let members: Array<Member> = [];
      for (const item of items) {
        if (!("run" in item)) members.push(item);
        else {
          if (members.length > 0) yield* commit(members);
          members = [];
          yield* item.run;
        }
      }
      if (members.length > 0) yield* commit(members);
    }).pipe(
      Effect.catchCause((cause) => {
        stopped = cause;
        const why = Effect.logError("the event store stopped writing", cause);
        return Effect.andThen(
          why,
          Effect.forEach(items, (item) => stop(item, cause), { discard: true }),
        );
      }),
    );

  // What was begun is finished and answered, even when the store is being closed.
  yield* Queue.takeBetween(inbox, 1, membersAtOnce).pipe(
    Effect.flatMap((items) => Effect.uninterruptible(work(items))),
    Effect.forever,
    Effect.forkScoped,
  );
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const closed = Cause.fail(new StorageError({ code: "CLOSED", message: "The store is closed." }));
      stopped ??= closed;
      return Effect.flatMap(Queue.clear(inbox), (items) =>
        Effect.forEach(items, (item) => stop(item, closed), { discard: true }),
      );
    }),
  );

  /** Puts it in the queue, or says why nothing is written any more. */
  const submit = Effect.fnUntraced(function* (item: Member | Exclusive) {
    if (stopped === undefined) yield* Queue.offer(inbox, item);
    else yield* stop(item, stopped);
  });

  return {
    head: () => head,
    append: Effect.fnUntraced(function* (
      origin: Origin,
      events: ReadonlyArray<NewEvent>,
      expected: Readonly<Record<string, number>>,
      beside: ReadonlyArray<SqlStatement> = [],
    ) {
      const done = yield* Deferred.make<ReadonlyArray<StoredEvent>, AppendError>();
      const decide = () => Result.succeed({ events, answer: wholly });
      yield* submit({ origin, decide, expected, beside, done: done as Member["done"] });
      return yield* Deferred.await(done);
    }),
    decide: Effect.fnUntraced(function* <A, E>(
      origin: Origin,
      decide: (moment: Moment) => Result.Result<Decision<A>, E>,
    ) {
      const done = yield* Deferred.make<A, E | EventRejected | StorageError>();
      yield* submit({ origin, decide, expected: {}, done: done as Member["done"] });
      return yield* Deferred.await(done);
    }),
    /** Loads all views anew; only while the writer is at rest. */
    reloadViews: Effect.suspend(() => {
      viewsStray = true;
      return loadViews;
    }),
    /** Runs when no transaction is open, and none is begun until it ends. */
    exclusively: Effect.fnUntraced(function* <A>(effect: Effect.Effect<A, StorageError>) {
      const done = yield* Deferred.make<A, StorageError>();
      yield* submit({
        run: Effect.flatMap(Effect.exit(effect), (exit) => Effect.asVoid(Deferred.done(done, exit))),
        stop: (cause) => Effect.asVoid(Deferred.failCause(done, cause)),
      });
      return yield* Deferred.await(done);
    }),
  };
});

const wholly = (stored: ReadonlyArray<StoredEvent>) => stored;
