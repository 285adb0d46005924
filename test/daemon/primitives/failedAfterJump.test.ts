/**
 * The wall clock is set, and then a transaction fails that ends something: what it was to end goes on for as long as
 * it had before, since that is awake time.
 */
import { assert, it } from "@effect/vitest";
import { Context, Effect } from "effect";
import { Reservations } from "../../../daemon/coordination/reservations/Reservations.ts";
import { Deferred } from "../../../daemon/primitives/Deferred.ts";
import { EventStore, type Origin } from "../../../daemon/primitives/EventStore.ts";
import { Lock } from "../../../daemon/primitives/Lock.ts";
import { crashingStore, failingAppend, quiet } from "../../support/crashingStore.ts";
import { makeJumpingClock } from "../../support/jumpingClock.ts";

const origin: Origin = { project: "p", actor: "daemon" };

it.live("a deferred that was to be settled by it can still be settled", () =>
  Effect.gen(function* () {
    const time = makeJumpingClock();
    const { open } = yield* crashingStore(Deferred.layer);
    const services = yield* Effect.provide(open, time.layer);
    const store = Context.get(services, EventStore);
    const deferreds = Context.get(services, Deferred);
    const { id } = yield* deferreds.create(origin, { expires: "15 seconds" });
    yield* time.jumpWall("1 minute");
    yield* Effect.all([failingAppend(store), Effect.ignore(deferreds.resolve(origin, id, 1))], {
      concurrency: "unbounded",
    });
    yield* quiet(store);
    const { state } = yield* deferreds.get("p", id);
    assert.strictEqual(
      state === "pending" ? (yield* deferreds.resolve(origin, id, 2)).state : state,
      "resolved",
    );
  }).pipe(Effect.scoped),
);

it.live("a lock that was to be released by it is still held", () =>
  Effect.gen(function* () {
    const time = makeJumpingClock();
    const { open } = yield* crashingStore(Lock.layer);
    const services = yield* Effect.provide(open, time.layer);
    const store = Context.get(services, EventStore);
    const locks = Context.get(services, Lock);
    const held = yield* locks.acquire(origin, "a", { holder: "me", ttl: "15 seconds" });
    yield* time.jumpWall("1 minute");
    yield* Effect.all([failingAppend(store), Effect.ignore(locks.renew(origin, held, "20 seconds"))], {
      concurrency: "unbounded",
    });
    yield* quiet(store);
    yield* locks.renew(origin, held, "15 seconds");
  }).pipe(Effect.scoped),
);

it.live("a lease that was to be renewed by it ends when it was to end before", () =>
  Effect.gen(function* () {
    const time = makeJumpingClock();
    const { open } = yield* crashingStore(Reservations.layer);
    const services = yield* Effect.provide(open, time.layer);
    const store = Context.get(services, EventStore);
    const reservations = Context.get(services, Reservations);
    const { lease, token } = yield* reservations.reserve(origin, {
      holder: "me",
      patterns: ["a.ts"],
      ttlSeconds: 15,
    });
    const held = { holder: "me", lease, token };
    yield* time.jumpWall("1 minute");
    yield* Effect.all([failingAppend(store), Effect.ignore(reservations.renew(origin, held, 20))], {
      concurrency: "unbounded",
    });
    yield* quiet(store);
    yield* reservations.renew(origin, held, 15);
  }).pipe(Effect.scoped),
);
