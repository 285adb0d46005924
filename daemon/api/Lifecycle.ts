/**
 * The daemon's own life: what it says of itself, and when it ends. It ends when it is told to, and by itself
 * when for a while no client was there and no swarm was being worked on.
 */
import { Clock, Context, Deferred, Effect, Layer } from "effect";
import type { DaemonStatus } from "../../shared/contract/daemonRoutes.ts";
import { PROTOCOL } from "../../shared/contract/protocol.ts";
import { version } from "../../shared/contract/version.ts";
import { Swarms } from "../orchestration/swarm/Swarms.ts";
import { DataFolder } from "../platform/DataFolder.ts";
import { EventStore } from "../primitives/EventStore.ts";

export class Lifecycle extends Context.Service<
  Lifecycle,
  {
    readonly status: Effect.Effect<typeof DaemonStatus.Type>;
    /** Returns at once; the daemon ends when the answer is on its way. */
    readonly stop: Effect.Effect<void>;
    /** Returns when the daemon is to end. */
    readonly awaitStop: Effect.Effect<void>;
    readonly countClients: (count: () => number) => void;
  }
>()("opencode-vibe/api/Lifecycle") {
  static readonly layer = (options: { readonly idleSeconds: number }) =>
    Layer.effect(
      Lifecycle,
      Effect.gen(function* () {
        const data = yield* DataFolder;
        const store = yield* EventStore;
        const swarms = yield* Swarms;
        const stopped = yield* Deferred.make<void>();
        const startedAt = new Date(yield* Clock.currentTimeMillis).toISOString();
        let clients = () => 0;

        const stop = Deferred.succeed(stopped, undefined).pipe(
          Effect.delay("20 millis"),
          Effect.forkDetach,
          Effect.asVoid,
        );

        let idleFor = 0;
        const everySeconds = Math.min(5, options.idleSeconds);
        const lookWhetherIdle = Effect.gen(function* () {
          yield* Effect.sleep(everySeconds * 1000);
          const busy = clients() > 0 || (yield* swarms.liveCount) > 0;
          idleFor = busy ? 0 : idleFor + everySeconds;
          if (idleFor < options.idleSeconds) return;
          yield* Effect.logInfo("nothing to do, the daemon ends");
          yield* stop;
        });
        yield* Effect.forkScoped(Effect.forever(lookWhetherIdle));

        return Lifecycle.of({
          status: Effect.gen(function* () {
            return {
              pid: process.pid,
              version,
              protocol: PROTOCOL,
              store: store.storeId,
              clone: data.cloneId,
              head: yield* store.head,
              liveSwarms: yield* swarms.liveCount,
              clients: clients(),
              startedAt,
            };
          }),
          stop,
          awaitStop: Deferred.await(stopped),
          countClients: (count) => {
            clients = count;
          },
        });
      }),
    );
}
