/** `ocvibe daemon start|stop|status`: the process that holds the data. Any other command starts it when needed. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { awaitEnd } from "../../../shared/client/awaitEnd.ts";
import type { DaemonStatus } from "../../../shared/contract/daemonRoutes.ts";
import { asAnyError } from "../asAnyError.ts";
import { openSession } from "../openSession.ts";
import { count } from "../render/text.ts";

const start = Command.make(
  "start",
  {},
  Effect.fn("daemon.start")(function* () {
    const session = yield* openSession;
    const found = yield* session.ask((client, signal) => client.daemon.status({}, { signal }));
    session.print(found, statusLines(found));
  }),
).pipe(Command.withDescription("Start the daemon, unless it runs"));

const status = Command.make(
  "status",
  {},
  Effect.fn("daemon.status")(function* () {
    const session = yield* openSession;
    const found = yield* session.askRunning((client, signal) => client.daemon.status({}, { signal }));
    session.print(found, statusLines(found));
  }),
).pipe(Command.withDescription("Say whether the daemon runs"));

const stop = Command.make(
  "stop",
  {},
  Effect.fn("daemon.stop")(function* () {
    const session = yield* openSession;
    const stopped = yield* session
      .askRunning((client, signal) => client.daemon.stop({}, { signal }))
      .pipe(Effect.catchTag("DaemonUnreachable", () => Effect.succeed({ pid: null })));
    if (stopped.pid === null) return session.print(stopped, ["No daemon was running."]);
    const { pid } = stopped;
    yield* Effect.tryPromise({ try: () => awaitEnd(pid), catch: asAnyError });
    session.print(stopped, [
      `The daemon (process ${pid}) has ended. The next one goes on with swarms that were running.`,
    ]);
  }),
).pipe(Command.withDescription("End the daemon; the next one goes on with running swarms"));

export const daemon = Command.make("daemon").pipe(
  Command.withDescription("The process that holds the data"),
  Command.withSubcommands([start, stop, status]),
);

const statusLines = (found: typeof DaemonStatus.Type): ReadonlyArray<string> => [
  `The daemon runs as process ${found.pid} since ${found.startedAt} (version ${found.version}, protocol ${found.protocol}).`,
  `It works on ${count(found.liveSwarms, "swarm")}; its log has ${count(found.head, "event")}.`,
];
