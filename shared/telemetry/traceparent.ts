/** The W3C form of where one is in a trace, as it goes from program to program. Source: https://www.w3.org/TR/trace-context/ */
import { Effect, Option, Tracer } from "effect";

/** For whoever is to go on with the trace of the span that this runs in; undefined in none. */
export const traceparent: Effect.Effect<string | undefined> = Effect.map(
  Effect.option(Effect.currentParentSpan),
  Option.match({
    onNone: () => undefined,
    onSome: ({ traceId, spanId, sampled }) =>
      `00-${traceId.padStart(32, "0")}-${spanId}-${sampled ? "01" : "00"}`,
  }),
);

/** Goes on with a trace; does nothing for what is no `traceparent`. */
export const inTrace =
  (given: string | undefined) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const [, traceId, spanId, flags] =
      /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(given ?? "") ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return effect;
    const sampled = (Number.parseInt(flags, 16) & 1) === 1;
    return Effect.provideService(
      effect,
      Tracer.ParentSpan,
      Tracer.externalSpan({ traceId, spanId, sampled }),
    );
  };
