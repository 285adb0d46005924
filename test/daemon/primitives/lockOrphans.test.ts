import { assert, describe, it } from "@effect/vitest";
import { Effect, Exit, Fiber, Layer } from "effect";
import type { Origin } from "../../../daemon/primitives/EventStore.ts";
import { Lock } from "../../../daemon/primitives/Lock.ts";
import { temporaryStore } from "../coordination/storeLayer.ts";

const origin: Origin = { project: "p", actor: "daemon" };

describe("Lock", () => {
  it.live("is given back when who is served goes away while that is being written", () =>
    Effect.gen(function* () {
      const locks = yield* Lock;
      let interrupted = 0;
      for (let steps = 0; steps < 60; steps++) {
        const first = yield* locks.acquire(origin, "build", { holder: "first" });
        const waiting = yield* Effect.forkChild(
          locks.acquire(origin, "build", { holder: "second", wait: "1 minute" }),
        );
        // Until it stands in line.
        yield* locks.renew(origin, first);
        const releasing = yield* Effect.forkChild(locks.release(origin, first));
        for (let step = 0; step < steps; step++) yield* Effect.yieldNow;
        yield* Fiber.interrupt(waiting);
        yield* Fiber.join(releasing);
        const exit = yield* Fiber.await(waiting);
        // Served before the interruption came.
        if (Exit.isSuccess(exit)) yield* locks.release(origin, exit.value);
        else interrupted += 1;
        const third = yield* locks.acquire(origin, "build", { holder: "third", wait: "10 seconds" });
        assert.isAbove(third.token, first.token, `after ${steps} steps`);
        yield* locks.release(origin, third);
      }
      assert.isAbove(interrupted, 0);
    }).pipe(Effect.provide(Lock.layer.pipe(Layer.provideMerge(temporaryStore)))),
  );
});
