/**
 * What the daemon counts of itself, where it happens; `/metrics` shows it (metricsPage.ts). Names follow
 * https://prometheus.io/docs/practices/naming/.
 */
import { Cause, Clock, Effect, Exit, Metric } from "effect";
import type { Middleware } from "../../shared/router/Middleware.ts";
import { EventStore } from "../primitives/EventStore.ts";

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];

const requests = Metric.counter("ocvibe_requests_total", {
  description: "Calls that have ended, by route and outcome: ok, or the tag of the error",
  incremental: true,
});
const requestSeconds = Metric.histogram("ocvibe_request_seconds", {
  description: "How long calls took, by route",
  boundaries: seconds,
});
const openStreams = Metric.gauge("ocvibe_streams_open", { description: "Streams that are open, by route" });
const events = Metric.counter("ocvibe_events_total", {
  description: "Events that this daemon has committed, by type",
  incremental: true,
});
const commits = Metric.histogram("ocvibe_commit_events", {
  description: "Events in one transaction",
  boundaries: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
});

/** Counts calls, and the streams that are open. */
export const measured: Middleware = ({ path, route }, next) => {
  const about = { route: path };
  if (route.stream) {
    const open = Metric.withAttributes(openStreams, about);
    return Effect.ensuring(Effect.andThen(Metric.modify(open, 1), next()), Metric.modify(open, -1));
  }
  return Effect.flatMap(Clock.currentTimeNanos, (began) =>
    Effect.onExit(next(), (exit) =>
      Effect.gen(function* () {
        const outcome = Exit.isSuccess(exit) ? "ok" : outcomeOf(exit);
        yield* Metric.update(Metric.withAttributes(requests, { ...about, outcome }), 1);
        const took = Number((yield* Clock.currentTimeNanos) - began) / 1e9;
        yield* Metric.update(Metric.withAttributes(requestSeconds, about), took);
      }),
    ),
  );
};

/** The tag of what it failed with; whoever went away, or a fault of our own. */
const outcomeOf = ({ cause }: Exit.Failure<unknown, unknown>): string => {
  const [failure] = cause.reasons.filter(Cause.isFailReason);
  if (failure !== undefined) return tagOf(failure.error);
  return Cause.hasInterruptsOnly(cause) ? "interrupted" : "defect";
};

const tagOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : "untagged";

/** Counts what is committed from now on. */
export const countEvents = Effect.gen(function* () {
  const store = yield* EventStore;
  const services = yield* Effect.context();
  const byType = new Map<string, typeof events>();
  const ofType = (type: string) => {
    const known = byType.get(type) ?? Metric.withAttributes(events, { type });
    byType.set(type, known);
    return known;
  };
  yield* store.onCommit((committed) => {
    if (committed.length > 0) commits.updateUnsafe(committed.length, services);
    for (const { type } of committed) ofType(type).updateUnsafe(1, services);
  });
});
