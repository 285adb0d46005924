/**
 * From the commit of an event to each of 50 subscribers in another process, beside a bare server that writes the same
 * bytes to as many; and whether 1,000 subscribers at once are each given everything.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Effect, Layer, ManagedRuntime } from "effect";
import { encodeFailure, refuseRequest } from "../../daemon/api/encodeFailure.ts";
import { followLog } from "../../daemon/api/followLog.ts";
import { listen } from "../../daemon/api/listen.ts";
import { measured } from "../../daemon/api/metrics.ts";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import { projections, stateTables } from "../../daemon/tables.ts";
import type { AnyError } from "../../shared/contract/errors.ts";
import { contract } from "../../shared/contract/routes.ts";
import { createPlainHandler } from "../../shared/router/createPlainHandler.ts";
import { createRouter } from "../../shared/router/createRouter.ts";
import { implement } from "../../shared/router/implement.ts";
import { compose } from "../../shared/router/Middleware.ts";
import { tracing } from "../../shared/router/tracing.ts";
import { percentile } from "./percentile.ts";
import { agentEvent, origin } from "./rawStore.ts";

const events = 500;
/** Milliseconds between two commits. */
const every = 10;
const path = "/api/events/follow?input={}";

const table = createRouter({ events: { follow: contract.events.follow } });

/** A store and a server as the daemon has them. */
const serve = (folder: string) =>
  Effect.gen(function* () {
    const services = yield* Effect.context<EventStore>();
    const routes = implement<typeof table, null, AnyError, EventStore>(
      table,
      { events: { follow: ({ lastEventId }) => followLog(lastEventId, 0, Effect.succeed({})) } },
      { use: compose(tracing, measured) },
    );
    const handler = createPlainHandler({
      routes,
      services,
      context: () => Effect.succeed(null),
      refuse: refuseRequest,
      encodeFailure: encodeFailure((_, cause) => console.error(cause)),
    });
    const socket = join(folder, "run", "s.sock");
    yield* listen({ socket, handler });
    return socket;
  });

/** Frames by reader: which event, and when it came (nanoseconds). */
type Came = ReadonlyArray<ReadonlyArray<readonly [seq: number, at: string]>>;

const startReaders = async (socket: string, count: number, each: number) => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "sseReader.ts"), socket, path, "", String(count), String(each)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return async (): Promise<Came> => JSON.parse((await lines.next()).value ?? "[]");
};

const lateness = (came: Came, sent: ReadonlyMap<number, bigint>): ReadonlyArray<number> =>
  came.flatMap((frames) => frames.map(([seq, at]) => Number(BigInt(at) - (sent.get(seq) ?? 0n)) / 1_000_000));

const ours = async (folder: string, readers: number, burst: boolean) => {
  const runtime = ManagedRuntime.make(
    EventStore.layer(projections, stateTables).pipe(
      Layer.provide(sqlLayer({ file: join(folder, `store-${readers}.db`) })),
    ),
  );
  const committed = new Map<number, bigint>();
  const came = await runtime.runPromise(
    Effect.gen(function* () {
      const store = yield* EventStore;
      yield* store.onCommit((some) => {
        const now = process.hrtime.bigint();
        for (const { seq } of some) committed.set(seq, now);
      });
      const socket = yield* serve(folder);
      const finish = yield* Effect.promise(() => startReaders(socket, readers, events));
      for (let n = 0; n < events; n++) {
        yield* store.append(origin, [agentEvent(n)]);
        if (!burst) yield* Effect.sleep(every);
      }
      return yield* Effect.promise(finish);
    }).pipe(Effect.scoped),
  );
  await runtime.dispose();
  return { came, late: lateness(came, committed) };
};

/** Writes what a frame of ours looks like, to all that are connected, at the same pace. */
const bare = async (folder: string, readers: number) => {
  const open = new Set<ServerResponse>();
  const server = createServer((_, outgoing) => {
    outgoing.writeHead(200, { "content-type": "text/event-stream" }).write(": \n\n");
    open.add(outgoing);
  });
  const socket = join(folder, "bare.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const finish = await startReaders(socket, readers, events);
  const sent = new Map<number, bigint>();
  for (let seq = 1; seq <= events; seq++) {
    const { stream, type, data } = agentEvent(seq);
    const event = { seq, id: "x".repeat(36), tenant: "local", stream, type, version: 1, data, ...origin };
    const frame = `id: ${"x".repeat(36)}:${seq}\ndata: ${JSON.stringify({ ...event, at: "x".repeat(24) })}\n\n`;
    sent.set(seq, process.hrtime.bigint());
    for (const outgoing of open) outgoing.write(frame);
    await sleep(every);
  }
  const late = lateness(await finish(), sent);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return late;
};

const ms = (values: ReadonlyArray<number>) =>
  `p50 ${percentile(values, 50).toFixed(2)} ms, p99 ${percentile(values, 99).toFixed(2)} ms`;

export const run = async (): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "ocvibe-bench-"));
  try {
    await mkdir(join(folder, "run"), { mode: 0o700 });
    const { late } = await ours(folder, 50, false);
    if (late.length !== 50 * events) throw new Error(`${50 * events - late.length} events were missed`);
    const raw = await bare(folder, 50);
    console.log(
      `${"from the commit to each of 50 over SSE".padEnd(44)} ${ms(late)}   raw, a bare server: ${ms(raw)}   target p99 10 ms`,
    );
    const start = performance.now();
    const { came } = await ours(folder, 1000, true);
    const seconds = (performance.now() - start) / 1000;
    const whole = came.filter(
      (frames) => frames.length === events && frames.every(([seq], n) => seq === n + 1),
    );
    console.log(
      `${"1,000 subscribers at once over SSE".padEnd(44)} ${whole.length} had each of ${events} events once, in order (${Math.round((1000 * events) / seconds).toLocaleString("en")} frames a second)   target 1,000`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

if (process.argv[1] === import.meta.filename) await run();
