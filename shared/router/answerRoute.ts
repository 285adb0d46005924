/**
 * Answers a web `Request` for one route with a web `Response`: JSON for a call, server-sent events for a stream. Input
 * and output are validated. Errors become tagged JSON by the server's own mapping.
 */
import { type Cause, Effect, Exit, identity, Result, Schema, type Context as Services, Stream } from "effect";
import type { BoundRoute, Policy } from "./bindRoute.ts";
import { readBody } from "./readBody.ts";
import { sseFrame } from "./sseFrame.ts";

export interface HttpError {
  readonly status: number;
  /** A tagged error, encoded. */
  readonly body: unknown;
}

export interface AnswerOptions<Context, E, R> extends Policy<E> {
  readonly services: Services.Context<R>;
  /** Establishes who calls, or fails when the route's `access` does not let the caller in. */
  readonly context: (request: Request, access: string) => Effect.Effect<Context, E, R>;
  /** Fails when a caller that was let in would not be any more; its streams end with that failure. */
  readonly revoked?: (request: Request) => Effect.Effect<never, E, R>;
  /** What a failure looks like to the client; a defect too. */
  readonly encodeFailure: (cause: Cause.Cause<E>) => HttpError;
}

const defaultHeartbeat = "15 seconds";

/**
 * Of the routes, that of a path answers; `place` is what the client calls it. `signal` says that the caller has gone.
 */
export const answerRoute = <Context, E, R>(
  routes: ReadonlyArray<BoundRoute<Context, E, R>>,
  options: AnswerOptions<Context, E, R>,
) => {
  const byPath = new Map(routes.map((bound) => [bound.path, bound]));

  const answer = Effect.fnUntraced(function* (path: string, request: Request) {
    const url = new URL(request.url);
    const bound = byPath.get(path);
    if (bound === undefined) return yield* Effect.fail(options.refuse("no-route", url.pathname));
    const { route } = bound;
    const method = route.stream ? "GET" : "POST";
    if (request.method !== method)
      return yield* Effect.fail(options.refuse("method", `${url.pathname} takes ${method}`));
    const context = yield* options.context(request, route.access);
    const text = route.stream
      ? (url.searchParams.get("input") ?? "{}")
      : yield* readBody(request, (detail) => options.refuse("too-large", detail));
    const input = yield* decodeInput(route.input, text, options);
    const { headers } = request;
    const lastEventId = headers.get("last-event-id") ?? undefined;
    const result = bound.handle({ input, context, lastEventId, headers }, options);
    const encode = Schema.encodeUnknownEffect(route.output);
    if (Effect.isEffect(result)) return Response.json(yield* Effect.orDie(encode(yield* result)));
    return result.pipe(
      options.revoked === undefined ? identity : Stream.interruptWhen(options.revoked(request)),
      Stream.mapEffect(({ id, data, reset }) =>
        Effect.map(data === undefined ? Effect.undefined : Effect.orDie(encode(data)), (encoded) =>
          sseFrame({
            ...(id === undefined ? {} : { id }),
            ...(encoded === undefined ? {} : { data: encoded }),
            ...(reset === true ? { event: "reset" } : {}),
          }),
        ),
      ),
      Stream.concat(Stream.succeed(sseFrame({ event: "end", data: null }))),
      Stream.catchCause((cause) =>
        Stream.succeed(
          sseFrame({ event: "error", data: options.encodeFailure(cause as Cause.Cause<E>).body }),
        ),
      ),
      Stream.merge(
        Stream.map(Stream.tick(route.heartbeat ?? defaultHeartbeat), () => ": \n\n"),
        { haltStrategy: "left" },
      ),
      Stream.encodeText,
    );
  });

  return async (path: string, request: Request, signal: AbortSignal): Promise<Response> => {
    const exit = await Effect.runPromiseExit(Effect.provideContext(answer(path, request), options.services), {
      signal,
    });
    if (Exit.isFailure(exit)) {
      const { status, body } = options.encodeFailure(exit.cause);
      return Response.json(body, { status });
    }
    if (exit.value instanceof Response) return exit.value;
    const body = Stream.toReadableStreamWith(exit.value, options.services, { signal });
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  };
};

const decodeInput = <E>(schema: Schema.Codec<unknown, unknown>, text: string, { refuse }: Policy<E>) =>
  Effect.gen(function* () {
    const json = yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (cause) => refuse("not-json", cause instanceof Error ? cause.message : String(cause)),
    });
    const decoded = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })(json);
    if (Result.isSuccess(decoded)) return decoded.success;
    return yield* Effect.fail(refuse("input", decoded.failure.message));
  });
