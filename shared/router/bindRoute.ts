/**
 * A route with its handler and what stands around it, as servers run it. From the outside in: middleware, the time
 * limit, repetition, the handler. A call becomes one Effect, a stream one Stream; what happens to a request is decided
 * here and nowhere else, whatever it came by.
 */
import { Duration, Effect, Queue, Schedule, Stream } from "effect";
import type { HttpHeaders } from "./HttpMessage.ts";
import { extend, type Middleware, type MiddlewareRequest, surround } from "./Middleware.ts";
import type { AnyRoute, RouteContract } from "./o.ts";
import { type AnyHandler, type Frame, thrown } from "./RouteHandler.ts";

/** Faults that the router finds; the server gives them its own errors. */
export type Fault = "no-route" | "method" | "too-large" | "not-json" | "input" | "timeout";

/** What the server says of errors: how it names the router's faults (`F`), and what to think of the handlers' (`E`). */
export interface Policy<E, F = E> {
  readonly refuse: (kind: Fault, detail: string) => F;
  /** Whether a failure passes by itself, so that a call that is safe to repeat is repeated. Without it none does. */
  readonly transient?: (error: E) => boolean;
}

/** A request whose input was decoded by the route's own schema. */
export interface RouteRequest<Context> {
  readonly input: unknown;
  readonly context: Context;
  readonly lastEventId?: string | undefined;
  readonly headers?: HttpHeaders;
}

export interface BoundRoute<Context, E, R, Streams extends boolean = boolean> {
  readonly path: string;
  readonly route: RouteContract<unknown, unknown, Streams>;
  readonly handle: <F>(
    request: RouteRequest<Context>,
    policy: Policy<E, F>,
  ) => Effect.Effect<unknown, E | F, R> | Stream.Stream<Frame<unknown>, E, R>;
}

/** Of a call within the process. */
const noHeaders: HttpHeaders = {
  get: () => null,
  has: () => false,
  [Symbol.iterator]: () => [][Symbol.iterator](),
};

export const bindRoute = <Context, E, R>(
  path: string,
  route: AnyRoute,
  handle: AnyHandler<Context, E, R>,
  middleware: Middleware<Context, unknown, E, R> | undefined,
): BoundRoute<Context, E, R> => ({
  path,
  route,
  handle: ({ lastEventId, headers = noHeaders, ...given }, policy) => {
    const request = { ...given, lastEventId, headers, path, route };
    const inside = (added: ReadonlyArray<unknown>): Inner<Context> => ({
      ...request,
      context: extend(request.context, added) as Context,
    });
    if (route.stream) {
      const frames = (...added: ReadonlyArray<unknown>) => framesOf(handle, inside(added));
      return middleware === undefined ? frames() : framesThrough(middleware, request, frames);
    }
    const call = (...added: ReadonlyArray<unknown>) => outcomeOf(handle, inside(added), path, route, policy);
    return middleware === undefined ? call() : surround(middleware, request, call);
  },
});

interface Inner<Context> {
  readonly input: unknown;
  readonly context: Context;
  readonly lastEventId: string | undefined;
}

const outcomeOf = <Context, E, R, F>(
  handle: AnyHandler<Context, E, R>,
  inner: Inner<Context>,
  path: string,
  { timeout, retry }: AnyRoute,
  { refuse, transient }: Policy<E, F>,
): Effect.Effect<unknown, E | F, R> => {
  const once = Effect.suspend(() => {
    const { answer, stop } = ask(handle, inner);
    const effect = Effect.isEffect(answer)
      ? answer
      : Effect.tryPromise({ try: () => answer as Promise<unknown>, catch: thrown<E> });
    return Effect.onInterrupt(effect, stop);
  });
  const call =
    retry === undefined || transient === undefined
      ? once
      : Effect.retry(once, {
          times: retry.times,
          // Many may fail at once; they are not to come back at once.
          schedule: Schedule.jittered(Schedule.exponential(retry.base)),
          while: transient,
        });
  if (timeout === undefined) return call;
  return Effect.timeoutOrElse(call, {
    duration: timeout,
    orElse: () => Effect.fail(refuse("timeout", `${path} took longer than ${Duration.format(timeout)}`)),
  });
};

const framesOf = <Context, E, R>(
  handle: AnyHandler<Context, E, R>,
  inner: Inner<Context>,
): Stream.Stream<Frame<unknown>, E, R> =>
  Stream.suspend(() => {
    const { answer, stop } = ask(handle, inner);
    const stream = Stream.isStream(answer)
      ? (answer as Stream.Stream<Frame<unknown>, E, R>)
      : Stream.fromAsyncIterable(answer as AsyncIterable<Frame<unknown>>, thrown<E>);
    return Stream.ensuring(stream, stop());
  });

/** The frames leave the onion by a queue that holds a few: middleware lasts as long as the stream does. */
const framesThrough = <Context, E, R>(
  middleware: Middleware<Context, unknown, E, R>,
  request: MiddlewareRequest<Context>,
  frames: (...added: ReadonlyArray<unknown>) => Stream.Stream<Frame<unknown>, E, R>,
): Stream.Stream<Frame<unknown>, E, R> =>
  Stream.callback<Frame<unknown>, E, R>(
    (queue) => {
      const next = (...added: ReadonlyArray<unknown>) =>
        Stream.runForEachArray(frames(...added), (some) => Queue.offerAll(queue, some));
      return Effect.andThen(surround(middleware, request, next), Queue.end(queue));
    },
    { bufferSize: 16 },
  );

/** `stop` tells a handler that is no Effect that nobody waits for it any more. */
const ask = <Context, E, R>(handle: AnyHandler<Context, E, R>, inner: Inner<Context>) => {
  const left = new AbortController();
  const answer = handle({ ...inner, signal: left.signal } as Parameters<typeof handle>[0]);
  return { answer, stop: () => Effect.sync(() => left.abort()) };
};
