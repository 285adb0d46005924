/**
 * A promise with an address: whoever knows its id may settle it, once, from any process, and whoever waits for it is
 * woken, also one that comes later or after a restart. A rejection carries its reason to the waiter. It expires in
 * awake time, see `AwakeClock`; what comes after that is refused.
 *
 * Settling is **exactly once in the store**: of all who try, one succeeds and the others are told `AlreadySettled`.
 */
import { randomUUIDv7 } from "node:crypto";
import { Context, Duration, Effect, Layer, Result, Deferred as Signal } from "effect";
import {
  AlreadySettled,
  InvalidInput,
  NotFound,
  Rejected,
  type StorageError,
  TimedOut,
} from "../../shared/contract/errors.ts";
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import type { DeferredView } from "../../shared/contract/routes.ts";
import { AwakeClock } from "./AwakeClock.ts";
import { makeDeadlines } from "./deadlines.ts";
import { EventStore, type NewEvent, neverRejected, type Origin } from "./EventStore.ts";
import type { Row } from "./Projection.ts";

type Json = NonNullable<DeferredView["value"]> | null;

export interface DeferredOptions {
  /** A UUID of the caller's, so that the same call tried again makes the same deferred. */
  readonly id?: string;
  /** Default one hour. */
  readonly expires?: Duration.Input;
  readonly owner?: string;
}

export class Deferred extends Context.Service<
  Deferred,
  {
    readonly create: (
      origin: Origin,
      options?: DeferredOptions,
    ) => Effect.Effect<DeferredView, InvalidInput | StorageError>;
    readonly resolve: (
      origin: Origin,
      id: string,
      value: Json,
    ) => Effect.Effect<DeferredView, AlreadySettled | NotFound | InvalidInput | StorageError>;
    readonly reject: (
      origin: Origin,
      id: string,
      reason: string,
    ) => Effect.Effect<DeferredView, AlreadySettled | NotFound | InvalidInput | StorageError>;
    /** The value, as soon as there is one. */
    readonly await: (
      project: string,
      id: string,
    ) => Effect.Effect<Json, Rejected | TimedOut | NotFound | StorageError>;
    readonly get: (project: string, id: string) => Effect.Effect<DeferredView, NotFound | StorageError>;
  }
>()("opencode-vibe/primitives/Deferred") {
  static readonly layer = Layer.effect(
    Deferred,
    Effect.suspend(() => make),
  );
}

const defaultExpiry = Duration.hours(1);
const longestExpiry = Duration.days(366);
const largestValue = 64 * 1024;

/** The event that makes a deferred, for who makes one in a decision of its own. `id` is a UUID, `expiresAt` ISO. */
export const deferredCreated = (data: {
  readonly id: string;
  readonly expiresAt: string;
  readonly owner?: string;
}): NewEvent => ({ id: data.id, stream: `deferred/${data.id}`, type: "deferred_created", data });

const make = Effect.gen(function* () {
  const store = yield* EventStore;
  const clock = yield* AwakeClock;
  /** When the pending ones expire, in awake time: ahead of the disk, for decisions only. */
  const pending = new Map<string, number>();
  const waiters = new Map<string, Set<Signal.Deferred<void>>>();

  const awake = (iso: unknown) => clock.awakeOf(Date.parse(String(iso)));
  const applyEvent = (event: StoredEvent) => {
    if (!isKnown(event)) return;
    switch (event.type) {
      case "deferred_created":
        return void pending.set(keyOf(event.project, event.data.id), awake(event.data.expiresAt));
      case "deferred_resolved":
      case "deferred_rejected":
      case "deferred_expired":
        return void pending.delete(keyOf(event.project, event.data.id));
      default:
        return;
    }
  };

  const deadlines = yield* makeDeadlines(clock, (keys) =>
    Effect.forEach(keys, (key) => expire(key), { discard: true }),
  );
  const expire = (key: string): Effect.Effect<void> => {
    const [project = "", id = ""] = key.split("\n");
    return neverRejected(
      store.decide({ project, actor: "daemon" }, () => {
        const isOver = (pending.get(key) ?? Number.POSITIVE_INFINITY) <= clock.now();
        const event: NewEvent = { stream: `deferred/${id}`, type: "deferred_expired", data: { id } };
        return Result.succeed({ events: isOver ? [event] : [], answer: () => undefined });
      }),
    ).pipe(
      Effect.catchTag("StorageError", ({ message }) => {
        deadlines.set(key, clock.now() + tryAgainAfter);
        return Effect.logWarning("the end of a deferred could not be recorded yet", { message });
      }),
    );
  };

  yield* store.onCommit((events) => {
    for (const event of events) {
      if (!event.stream.startsWith("deferred/") || !isKnown(event)) continue;
      const key = keyOf(event.project, event.stream.slice("deferred/".length));
      if (event.type === "deferred_created") {
        deadlines.set(key, awake(event.data.expiresAt));
        continue;
      }
      deadlines.clear(key);
      for (const waiter of waiters.get(key) ?? []) Signal.doneUnsafe(waiter, Effect.void);
    }
  });
  const load = (rows: ReadonlyArray<Row>) => {
    pending.clear();
    for (const { project, id, expires_at } of rows) {
      // What is left of one whose creation was redacted can't be settled any more.
      if (typeof id === "string" && typeof expires_at === "string")
        pending.set(keyOf(String(project), id), awake(expires_at));
    }
  };
  yield* store.attach({ load: Effect.map(store.rows("deferreds_pending"), load), applyEvent });
  for (const [key, at] of pending) deadlines.set(key, at);

  const find = Effect.fnUntraced(function* (project: string, id: string) {
    const [row] = yield* store.rows("deferreds", { project, id });
    return row === undefined ? undefined : viewOf(row);
  });

  const get = Effect.fn("Deferred.get")(function* (project: string, id: string) {
    const found = yield* find(project, id);
    if (found !== undefined) return found;
    return yield* new NotFound({ message: `There is no deferred ${id} in this project.` });
  });

  const settle = Effect.fnUntraced(function* (origin: Origin, id: string, event: NewEvent) {
    const { project } = origin;
    const settled = yield* neverRejected(
      store.decide(origin, () => {
        const expires = pending.get(keyOf(project, id));
        const isOpen = expires !== undefined && expires > clock.now();
        return Result.succeed({ events: isOpen ? [event] : [], answer: () => isOpen });
      }),
    );
    const found = yield* get(project, id);
    if (settled) return found;
    // It is over, and that is only not recorded yet.
    const outcome = found.state === "pending" ? "expired" : found.state;
    const message = `The deferred ${id} was ${outcome} before; it is settled once.`;
    return yield* new AlreadySettled({ message, outcome });
  });

  const await_ = Effect.fn("Deferred.await")(function* (project: string, id: string) {
    const key = keyOf(project, id);
    const woken = Signal.makeUnsafe<void>();
    const all = waiters.get(key) ?? new Set();
    waiters.set(key, all.add(woken));
    const leave = Effect.sync(() => {
      all.delete(woken);
      if (all.size === 0) waiters.delete(key);
    });
    return yield* Effect.gen(function* () {
      const now = yield* get(project, id);
      if (now.state === "pending") yield* Signal.await(woken);
      return yield* outcomeOf(now.state === "pending" ? yield* get(project, id) : now);
    }).pipe(Effect.ensuring(leave));
  });

  return Deferred.of({
    get,
    await: await_,
    create: Effect.fn("Deferred.create")(function* (origin, options = {}) {
      const { id = randomUUIDv7(), owner } = options;
      const expires = Duration.toMillis(Duration.fromInputUnsafe(options.expires ?? defaultExpiry));
      if (!uuid.test(id))
        return yield* new InvalidInput({
          message: `The id of a deferred is a UUID, not "${id.slice(0, 80)}".`,
        });
      if (!(expires >= 1 && expires <= Duration.toMillis(longestExpiry))) {
        return yield* new InvalidInput({
          message: `A deferred expires after a millisecond to 366 days, not ${expires} ms.`,
        });
      }
      const before = options.id === undefined ? undefined : yield* find(origin.project, id);
      if (before !== undefined) return before;
      const expiresAt = new Date(clock.wallOf(clock.now() + expires)).toISOString();
      const event = deferredCreated({ id, expiresAt, ...(owner === undefined ? {} : { owner }) });
      return yield* store
        .decide(origin, () => Result.succeed({ events: [event], answer: () => undefined }))
        .pipe(
          Effect.andThen(Effect.succeed<DeferredView>({ id, state: "pending", expiresAt })),
          // Somebody made it at the same moment.
          Effect.catchTag("EventRejected", (rejected) =>
            Effect.flatMap(find(origin.project, id), (found) =>
              found === undefined
                ? Effect.fail(new InvalidInput({ message: rejected.message }))
                : Effect.succeed(found),
            ),
          ),
        );
    }),
    resolve: Effect.fn("Deferred.resolve")(function* (origin, id, value) {
      const size = JSON.stringify(value)?.length ?? 0;
      if (size > largestValue) {
        return yield* new InvalidInput({
          message: `The value has ${size} characters, and ${largestValue} is the most. Put it into a file and resolve with its name.`,
        });
      }
      return yield* settle(origin, id, {
        stream: `deferred/${id}`,
        type: "deferred_resolved",
        data: { id, value },
      });
    }),
    reject: Effect.fn("Deferred.reject")(function* (origin, id, reason) {
      if (reason.length > largestValue) {
        return yield* new InvalidInput({
          message: `The reason is longer than ${largestValue} characters; shorten it.`,
        });
      }
      return yield* settle(origin, id, {
        stream: `deferred/${id}`,
        type: "deferred_rejected",
        data: { id, reason },
      });
    }),
  });
});

const tryAgainAfter = 5000;
const keyOf = (project: string, id: string) => `${project}\n${id}`;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const viewOf = (row: Row): DeferredView => ({
  id: String(row.id),
  state: row.state as DeferredView["state"],
  expiresAt: String(row.expires_at),
  ...(row.state === "resolved" && { value: (row.value as { readonly value: Json }).value }),
  ...(row.state === "rejected" && { reason: String(row.reason) }),
});

const outcomeOf = (view: DeferredView): Effect.Effect<Json, Rejected | TimedOut> => {
  switch (view.state) {
    case "resolved":
      return Effect.succeed(view.value ?? null);
    case "rejected": {
      const reason = view.reason ?? "";
      return Effect.fail(
        new Rejected({ message: `The deferred ${view.id} was rejected: ${reason}`, reason }),
      );
    }
    default:
      return Effect.fail(
        new TimedOut({
          message: `Nobody settled the deferred ${view.id} before it expired (${view.expiresAt}).`,
        }),
      );
  }
};
