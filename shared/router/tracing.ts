/**
 * A span for each call, and for each stream as long as it lasts, named by the route's path. The caller's own span is
 * its parent where the request has a `traceparent` (or B3) header.
 */
import { Effect, Option } from "effect";
import { Headers, HttpTraceContext } from "effect/http";
import type { Middleware } from "./Middleware.ts";

export const tracing: Middleware = ({ path, headers }, next) =>
  Effect.withSpan(next(), path, {
    kind: "server",
    ...Option.match(HttpTraceContext.fromHeaders(Headers.fromInput(headers)), {
      onNone: () => ({}),
      onSome: (parent) => ({ parent }),
    }),
  });
