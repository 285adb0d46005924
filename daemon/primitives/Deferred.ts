/**
 * A promise with an address: whoever knows its id may settle it, once, from any process, and whoever waits for it is
 * woken, also one that comes later or after a restart. A rejection carries its reason to the waiter. It expires in
 * awake time, see `AwakeClock`; what comes after that is refused.
 *
 * Settling is **exactly once in the store**: of all who try, one succeeds and the others are told `AlreadySettled`.
 */
import { randomUUIDv7 } from "node:crypto";
import { Context, Duration, Effect, Layer, Option, Result, Deferred as Signal } from "effect";
import { canonicalJson } from "../../shared/contract/canonicalJson.ts";
import type { DeferredView } from "../../shared/contract/deferredRoutes.ts";
import {
  AlreadySettled,
  InvalidInput,
  NotFound,
  Rejected,
  StorageError,
  TimedOut,
} from "../../shared/contract/errors.ts";
import { isKnown, isRedacted, type StoredEvent } from "../../shared/contract/events.ts";
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

export interface SettleOptions {
  /** A UUID of the caller's for this call: the same call tried again is told what it was told, not `AlreadySettled`. */
  readonly callId?: string;
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
      options?: SettleOptions,
    ) => Effect.Effect<DeferredView, AlreadySettled | NotFound | InvalidInput | StorageError>;
    readonly reject: (
      origin: Origin,
      id: string,
      reason: string,
      options?: SettleOptions,
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
const longestExpiry = Duration.toMillis(Duration.days(366));
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
  /** When the pending ones expire: ahead of the disk, for decisions only. */
  const pending = new Map<string, Expiry>();
  /** The same, of what is durable. */
  const durable = new Map<string, Expiry>();
  const waiters = new Map<string, Set<Signal.Deferred<void, StorageError>>>();

  /** It keeps its place in awake time once it has one, also when the wall clock is set and what was decided fails. */
  const expiryOf = (key: string, until: string): Expiry =>
    [durable.get(key), pending.get(key)].find((known) => known?.until === until) ?? {
      until,
      at: clock.awakeOf(Date.parse(until)),
    };
  const applyEvent = (event: StoredEvent) => {
    if (!isKnown(event)) return;
    switch (event.type) {
      case "deferred_created": {
        const key = keyOf(event.project, event.data.id);
        return void pending.set(key, expiryOf(key, event.data.expiresAt));
      }
      case "deferred_resolved":
      case "deferred_rejected":
      case "deferred_expired":
        return void pending.delete(keyOf(event.project, event.data.id));
      default:
        return;
    }
  };

  const expire = (key: string): Effect.Effect<void> => {
    const [project = "", id = ""] = key.split("\n");
    const again = (at: number | undefined) => {
      if (at !== undefined) deadlines.set(key, at);
    };
    return neverRejected(
      store.decide<number | undefined>({ project, actor: "daemon" }, () => {
        const at = pending.get(key)?.at;
        const isOver = at !== undefined && at <= clock.now();
        const event: NewEvent = { stream: `deferred/${id}`, type: "deferred_expired", data: { id } };
        return Result.succeed({ events: isOver ? [event] : [], answer: () => (isOver ? undefined : at) });
      }),
    ).pipe(
      Effect.map(again),
      Effect.catchTag("StorageError", ({ message }) => {
        again(clock.now() + tryAgainAfter);
        return Effect.logWarning("the end of a deferred could not be recorded yet", { message });
      }),
    );
  };
  const deadlines = yield* makeDeadlines(clock, (keys) =>
    // At once, so that they share transactions.
    Effect.forEach(keys, expire, { discard: true, concurrency: "unbounded" }),
  );

  yield* store.onCommit((events) => {
    for (const event of events) {
      if (!event.stream.startsWith("deferred/") || !isKnown(event)) continue;
      const key = keyOf(event.project, event.stream.slice("deferred/".length));
      if (event.type === "deferred_created") {
        const expiry = expiryOf(key, event.data.expiresAt);
        durable.set(key, expiry);
        deadlines.set(key, expiry.at);
        continue;
      }
      durable.delete(key);
      deadlines.clear(key);
      for (const waiter of waiters.get(key) ?? []) Signal.doneUnsafe(waiter, Effect.void);
    }
  });
  const load = (rows: ReadonlyArray<Row>) => {
    pending.clear();
    for (const { project, id, expires_at: until } of rows) {
      // What is left of one whose creation was redacted can't be settled any more.
      if (typeof id !== "string" || typeof until !== "string") continue;
      const key = keyOf(String(project), id);
      pending.set(key, expiryOf(key, until));
    }
  };
  yield* store.attach({ load: Effect.map(store.rows("deferreds_pending"), load), applyEvent });
  for (const [key, expiry] of pending) {
    durable.set(key, expiry);
    deadlines.set(key, expiry.at);
  }
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      const closed = Effect.fail(new StorageError({ code: "CLOSED", message: "The store is closed." }));
      for (const all of waiters.values()) for (const waiter of all) Signal.doneUnsafe(waiter, closed);
    }),
  );

  const find = Effect.fnUntraced(function* (project: string, id: string) {
    const [row] = yield* store.rows("deferreds", { project, id });
    return row === undefined ? undefined : viewOf(row);
  });

  const get = Effect.fn("Deferred.get")(function* (project: string, id: string) {
    const found = uuid.test(id) ? yield* find(project, id) : undefined;
    if (found !== undefined) return found;
    return yield* new NotFound({
      message: `There is no deferred ${id.slice(0, 80)} in this project. Give the id that creating it answered with.`,
    });
  });

  /** The very call was recorded before, and its answer did not arrive. */
  const wasThisCall = Effect.fnUntraced(function* (project: string, event: NewEvent, callId: string) {
    const before = (yield* store.byId([callId])).get(callId);
    if (before?.project !== project || before.type !== event.type || before.stream !== event.stream)
      return false;
    return isRedacted(before) || canonicalJson(before.data) === canonicalJson(event.data);
  });

  const settle = Effect.fnUntraced(function* (
    origin: Origin,
    id: string,
    event: NewEvent,
    { callId }: SettleOptions,
  ) {
    const { project } = origin;
    if (callId !== undefined && !uuid.test(callId)) {
      return yield* new InvalidInput({ message: `A call id is a UUID, not "${callId.slice(0, 80)}".` });
    }
    const given: NewEvent = callId === undefined ? event : { ...event, id: callId };
    const settled = yield* store
      .decide(origin, () => {
        const expiry = pending.get(keyOf(project, id));
        const isOpen = expiry !== undefined && expiry.at > clock.now();
        return Result.succeed({ events: isOpen ? [given] : [], answer: () => isOpen });
      })
      .pipe(
        // The data was looked at already, so it is the id.
        Effect.catchTag("EventRejected", ({ message }) => Effect.fail(new InvalidInput({ message }))),
      );
    const found = yield* get(project, id);
    if (settled) return found;
    if (callId !== undefined && (yield* wasThisCall(project, event, callId))) return found;
    // It is over, and that is only not recorded yet.
    const outcome = found.state === "pending" ? "expired" : found.state;
    const message = `The deferred ${id} was ${outcome} before; it is settled once.`;
    return yield* new AlreadySettled({ message, outcome });
  });

  const await_ = Effect.fn("Deferred.await")(function* (project: string, id: string) {
    const key = keyOf(project, id);
    const woken = Signal.makeUnsafe<void, StorageError>();
    const all = waiters.get(key) ?? new Set();
    waiters.set(key, all.add(woken));
    const leave = Effect.sync(() => {
      all.delete(woken);
      if (all.size === 0 && waiters.get(key) === all) waiters.delete(key);
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
      const expires = Option.match(Duration.fromInput(options.expires ?? defaultExpiry), {
        onNone: () => Number.NaN,
        onSome: Duration.toMillis,
      });
      if (!uuid.test(id))
        return yield* new InvalidInput({
          message: `The id of a deferred is a UUID, not "${id.slice(0, 80)}".`,
        });
      if (!(expires >= 1 && expires <= longestExpiry)) {
        return yield* new InvalidInput({
          message: `A deferred expires after a millisecond to 366 days, not ${expires} ms.`,
        });
      }
      if (owner !== undefined && owner.length > longestOwner) {
        return yield* new InvalidInput({
          message: `The owner of a deferred is a name of up to ${longestOwner} characters, not ${owner.length}.`,
        });
      }
      const before = options.id === undefined ? undefined : yield* find(origin.project, id);
      if (before !== undefined) return before;
      const expiresAt = new Date(clock.wallOf(clock.now() + Math.ceil(expires))).toISOString();
      const event = {
        ...deferredCreated({ id, expiresAt, ...(owner === undefined ? {} : { owner }) }),
        idIsNew: options.id === undefined,
      };
      const made: DeferredView = { id, state: "pending", expiresAt };
      return yield* store
        .decide(origin, () => Result.succeed({ events: [event], answer: () => made }))
        .pipe(
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
    resolve: Effect.fn("Deferred.resolve")(function* (origin, id, value, options = {}) {
      const fault = faultOf(value);
      if (fault !== undefined) return yield* new InvalidInput({ message: fault });
      const event: NewEvent = { stream: `deferred/${id}`, type: "deferred_resolved", data: { id, value } };
      return yield* settle(origin, id, event, options);
    }),
    reject: Effect.fn("Deferred.reject")(function* (origin, id, reason, options = {}) {
      if (reason.length > largestValue) {
        return yield* new InvalidInput({
          message: `The reason has ${reason.length} characters, and ${largestValue} is the most; shorten it.`,
        });
      }
      const event: NewEvent = { stream: `deferred/${id}`, type: "deferred_rejected", data: { id, reason } };
      return yield* settle(origin, id, event, options);
    }),
  });
});

interface Expiry {
  /** As it is stored, in wall time. */
  readonly until: string;
  /** Awake time. */
  readonly at: number;
}

const tryAgainAfter = 5000;
const keyOf = (project: string, id: string) => `${project}\n${id}`;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const longestOwner = 200;
const deepest = 100;

/** Why it can't be the value of a deferred. */
const faultOf = (value: unknown): string | undefined => {
  const notJson =
    "The value of a deferred is JSON: null, text, finite numbers, lists and plain objects of these.";
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // Circular, or too deep for the stack, or with a bigint.
    return notJson;
  }
  if (text === undefined) return notJson;
  if (text.length > largestValue) {
    return `The value has ${text.length} characters as JSON, and ${largestValue} is the most. Put it into a file and resolve with its name.`;
  }
  return isJson(value, 0) ? undefined : `${notJson} It may be ${deepest} levels deep.`;
};

const isJson = (value: unknown, depth: number): boolean => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth >= deepest) return false;
  return Object.values(value).every((part) => isJson(part, depth + 1));
};

const viewOf = (row: Row): DeferredView => ({
  id: String(row.id),
  state: row.state as DeferredView["state"],
  expiresAt: String(row.expires_at ?? ""),
  // Redaction takes the value or the reason away, and not that it was settled.
  ...(row.state === "resolved" && { value: (row.value as { readonly value: Json } | null)?.value ?? null }),
  ...(row.state === "rejected" && { reason: String(row.reason ?? "") }),
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
