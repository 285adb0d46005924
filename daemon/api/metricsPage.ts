/** `/metrics`: what the daemon has counted (metrics.ts), and how it stands now, as Prometheus reads it. */
import { performance } from "node:perf_hooks";
import { Effect, Metric } from "effect";
import type { StorageError } from "../../shared/contract/errors.ts";
import { Swarms } from "../orchestration/swarm/Swarms.ts";
import { EventStore } from "../primitives/EventStore.ts";
import type { Page } from "./dispatch.ts";
import { Lifecycle } from "./Lifecycle.ts";

type Services = EventStore | Lifecycle | Swarms;
type Reading = Effect.Effect<number, StorageError, Services>;

const rowsOf = (table: string): Reading => Effect.flatMap(EventStore, (store) => store.count(table));

/** By name: what it means, and how it is read. */
const readings: Readonly<Record<string, readonly [description: string, read: Reading]>> = {
  ocvibe_log_head: ["The sequence number of the last event", Effect.flatMap(EventStore, ({ head }) => head)],
  ocvibe_swarms_live: [
    "Swarms that are being worked on",
    Effect.flatMap(Swarms, ({ liveCount }) => liveCount),
  ],
  ocvibe_clients: [
    "Connections of clients",
    Effect.flatMap(Lifecycle, ({ status }) => Effect.map(status, ({ clients }) => clients)),
  ],
  ocvibe_agents_live: ["Agents that are registered and have not ended", rowsOf("live_agents")],
  ocvibe_leases_active: ["Leases that are held", rowsOf("leases")],
  ocvibe_mail_waiting: ["Messages that wait to be received", rowsOf("mail_waiting")],
  ocvibe_mail_dead: ["Messages that were given up", rowsOf("mail_dead")],
  process_resident_memory_bytes: ["Resident memory", Effect.sync(() => process.memoryUsage.rss())],
  process_start_time_seconds: [
    "When the process began, in seconds since 1970",
    Effect.sync(() => performance.timeOrigin / 1000),
  ],
  nodejs_eventloop_utilization: [
    "Share of its time that the event loop was busy, since the start",
    Effect.sync(() => performance.eventLoopUtilization().utilization),
  ],
};

const cpu = Metric.counter("process_cpu_seconds_total", {
  description: "Processor time, of user and system",
  incremental: true,
});

const read = Effect.gen(function* () {
  for (const [name, [description, reading]] of Object.entries(readings))
    yield* Metric.update(Metric.gauge(name, { description }), yield* reading);
  const { user, system } = process.cpuUsage();
  const { count } = yield* Metric.value(cpu);
  yield* Metric.update(cpu, (user + system) / 1e6 - count);
  // Loaded when it is first asked for, with the web server's parts that it has beside.
  const { format } = yield* Effect.promise(() => import("effect/observability/PrometheusMetrics"));
  return yield* format();
});

export const metricsPage: Page<Services> = {
  access: "everybody",
  answer: () =>
    Effect.map(read, (body) => ({
      status: 200,
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
      body,
    })),
};
