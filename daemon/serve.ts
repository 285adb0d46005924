/**
 * The daemon: takes the lock, opens the store, listens, and works until it is told to stop or has nothing to do.
 * Every layer is put together here and nowhere else.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import { Cause, Effect, Exit, Fiber, Layer } from "effect";
import { dataFolder, socketPath } from "../shared/client/dataFolder.ts";
import { PROTOCOL } from "../shared/contract/protocol.ts";
import { version } from "../shared/contract/version.ts";
import { createPlainHandler } from "../shared/router/createPlainHandler.ts";
import { exportTraces } from "../shared/telemetry/exportTraces.ts";
import { authenticate, revoked } from "./api/authenticate.ts";
import { dispatch } from "./api/dispatch.ts";
import { encodeFailure, isTransient, refuseRequest } from "./api/encodeFailure.ts";
import { freeWhenQuiet } from "./api/freeWhenQuiet.ts";
import { routes } from "./api/handlers/routes.ts";
import { Lifecycle } from "./api/Lifecycle.ts";
import { LocalPort } from "./api/LocalPort.ts";
import { listen } from "./api/listen.ts";
import { makeMcpPage } from "./api/mcp/mcpPage.ts";
import { countEvents } from "./api/metrics.ts";
import { metricsPage } from "./api/metricsPage.ts";
import { openApiPage } from "./api/openApiPage.ts";
import { Agents } from "./coordination/agents/Agents.ts";
import { leaseSnapshots } from "./coordination/agents/leaseSnapshots.ts";
import { leavingAgents } from "./coordination/agents/leavingAgents.ts";
import { Hive } from "./coordination/hive/Hive.ts";
import { Mail } from "./coordination/mail/Mail.ts";
import { Reservations } from "./coordination/reservations/Reservations.ts";
import { Projects } from "./orchestration/swarm/Projects.ts";
import { resumeInterrupted } from "./orchestration/swarm/resumeInterrupted.ts";
import { Swarms } from "./orchestration/swarm/Swarms.ts";
import { holdDaemonLock } from "./platform/DaemonLock.ts";
import { DataFolder, makeDataFolder } from "./platform/DataFolder.ts";
import { Git } from "./platform/Git.ts";
import { fileLog } from "./platform/log.ts";
import { Processes } from "./platform/Processes.ts";
import { sqlLayer } from "./platform/Sql.ts";
import { killAllStrays } from "./platform/strays.ts";
import { AwakeClock } from "./primitives/AwakeClock.ts";
import { Cursor } from "./primitives/Cursor.ts";
import { Deferred } from "./primitives/Deferred.ts";
import { EventStore } from "./primitives/EventStore.ts";
import { Lock } from "./primitives/Lock.ts";
import { Mailbox } from "./primitives/Mailbox.ts";
import { projections, stateTables } from "./tables.ts";

const root = dataFolder();
const idleSeconds = Number(process.env.OCVIBE_IDLE_SECONDS ?? 600);
const store = EventStore.layer(projections, stateTables).pipe(
  Layer.provideMerge(AwakeClock.layer),
  Layer.provideMerge(sqlLayer({ file: join(root, "store.db") })),
);
const hive = Layer.unwrap(Effect.map(DataFolder, ({ cloneId }) => Hive.layer({ cloneId })));
const coordination = Layer.mergeAll(leavingAgents, leaseSnapshots, Mail.layer).pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      Agents.layer,
      Reservations.layer,
      Mailbox.layer.pipe(Layer.provideMerge(Deferred.layer)),
      Lock.layer,
      Cursor.layer,
      hive,
    ),
  ),
);
/** What needs nothing of ours; its parts are made at the same time. */
const ground = Layer.mergeAll(store, Git.layer, Processes.layer, DataFolder.layer(root));
const working = Layer.merge(Lifecycle.layer({ idleSeconds }), LocalPort.layer).pipe(
  Layer.provideMerge(Swarms.layer),
  Layer.provideMerge(Projects.layer),
  Layer.provideMerge(coordination),
);
const everything = working.pipe(Layer.provideMerge(ground));

const endStrays = Effect.gen(function* () {
  const strays = yield* killAllStrays((yield* DataFolder).cloneId);
  if (strays > 0) yield* Effect.logInfo("ended what a daemon that is gone had left running", { strays });
});

/** `strayless` returns when nothing is left of what an earlier daemon started. */
const serve = Effect.fnUntraced(function* (strayless: Effect.Effect<void>) {
  const services = yield* Effect.context<Layer.Success<typeof everything>>();
  const lifecycle = yield* Lifecycle;
  const data = yield* DataFolder;
  const socket = socketPath(root);
  const runFork = Effect.runForkWith(services);
  const encode = encodeFailure((reference, cause) =>
    runFork(Effect.logError("a request failed", { reference }, cause)),
  );
  const handler = dispatch({
    routes: createPlainHandler({
      routes,
      services,
      context: authenticate,
      revoked,
      refuse: refuseRequest,
      transient: isTransient,
      encodeFailure: encode,
    }),
    pages: { "/mcp": yield* makeMcpPage, "/openapi.json": openApiPage, "/metrics": metricsPage },
    services,
    encodeFailure: encode,
  });
  yield* countEvents;
  yield* strayless;
  // Before anybody can ask: a watcher that comes back must find them under way.
  yield* resumeInterrupted();
  const localPort = yield* LocalPort;
  localPort.serveWith(handler);
  const { clients } = yield* listen({ socket, handler });
  lifecycle.countClients(() => clients() + localPort.clients());
  yield* Effect.acquireRelease(data.announce({ pid: process.pid, protocol: PROTOCOL, version, socket }), () =>
    Effect.ignore(data.withdraw),
  );
  yield* Effect.logInfo("the daemon listens", { socket, pid: process.pid });
  yield* freeWhenQuiet;
  yield* lifecycle.awaitStop;
});

const daemon = Effect.gen(function* () {
  yield* makeDataFolder(root);
  yield* holdDaemonLock(join(root, "daemon.lock"));
  yield* Effect.gen(function* () {
    // While the rest is made.
    const ending = yield* Effect.forkScoped(endStrays);
    yield* serve(Fiber.join(ending)).pipe(Effect.provide(working));
  }).pipe(
    Effect.provide(ground),
    Effect.provide(fileLog(join(root, "logs", "daemon.log"))),
    Effect.provide(exportTraces("ocvibe-daemon")),
  );
}).pipe(
  Effect.scoped,
  // Another daemon serves this folder; whoever started this one will find it.
  Effect.catchTag("DaemonLockBusy", () => Effect.void),
  Effect.tapCause((cause) =>
    Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.sync(() => refuse(cause)),
  ),
);

/** Says why there is no daemon, where the client that started it looks. */
const refuse = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause);
  const message = error instanceof Error ? error.message : String(error);
  writeFileSync(join(root, "daemon-refused.txt"), `The daemon can't start: ${message}\n`, { mode: 0o600 });
};

NodeRuntime.runMain(daemon, {
  // To be told to end, by a signal as well, is a good end.
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1),
});
