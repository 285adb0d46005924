/**
 * Answers a request for one route: with JSON for a call, with server-sent events for a stream. Input and output are
 * validated. Errors become tagged JSON by the server's own mapping.
 */
import { type Cause, Effect, Exit, identity, Result, Schema, type Context as Services, Stream } from "effect";
import type { BoundRoute, Policy } from "./bindRoute.ts";
import { decodeInput } from "./decodeInput.ts";
import { type HttpAnswer, type HttpRequest, jsonAnswer } from "./HttpMessage.ts";
import type { AnyRoute } from "./o.ts";
import type { Frame } from "./RouteHandler.ts";
import { readBody } from "./readBody.ts";
import { sseBody } from "./sseBody.ts";
import { sseFrame } from "./sseFrame.ts";

export interface HttpError {
  readonly status: number;
  /** A tagged error, encoded. */
  readonly body: unknown;
}

export interface AnswerOptions<Context, E, R> extends Policy<E> {
  readonly services: Services.Context<R>;
  /** Establishes who calls, or fails when the route's `access` does not let the caller in. */
  readonly context: (request: HttpRequest, access: string) => Effect.Effect<Context, E, R>;
  /** Fails when a caller that was let in would not be any more; its streams end with that failure. */
  readonly revoked?: (request: HttpRequest) => Effect.Effect<never, E, R>;
  /** What a failure looks like to the client; a defect too. */
  readonly encodeFailure: (cause: Cause.Cause<E>) => HttpError;
}

const defaultHeartbeat = "15 seconds";

/**
 * Of the routes, that of the given path answers. `signal` says that the caller has gone.
 */
export const answerRoute = <Context, E, R>(
  routes: ReadonlyArray<BoundRoute<Context, E, R>>,
  options: AnswerOptions<Context, E, R>,
) => {
  const byPath = new Map(routes.map((bound) => [bound.path, bound]));

  const answer = Effect.fnUntraced(function* (path: string, request: HttpRequest, signal: AbortSignal) {
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
    const input = yield* readInput(route.input, text, options);
    const { headers } = request;
    const lastEventId = headers.get("last-event-id") ?? undefined;
    const result = bound.handle({ input, context, lastEventId, headers }, options);
    if (Effect.isEffect(result)) {
      const output = yield* Effect.orDie(Schema.encodeUnknownEffect(route.output)(yield* result));
      // What gives nothing answers with null: an answer has a body.
      return jsonAnswer(output ?? null);
    }
    const frames = result.pipe(
      options.revoked === undefined ? identity : Stream.interruptWhen(options.revoked(request)),
      Stream.map(encodeFrame(route)),
      Stream.concat(Stream.succeed(sseFrame({ event: "end", data: null }))),
      Stream.catchCause((cause) =>
        Stream.succeed(
          sseFrame({ event: "error", data: options.encodeFailure(cause as Cause.Cause<E>).body }),
        ),
      ),
    );
    const { services } = options;
    const body = sseBody(frames, { heartbeat: route.heartbeat ?? defaultHeartbeat, services, signal });
    const answered: HttpAnswer = {
      status: 200,
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
      body,
    };
    return answered;
  });

  return async (path: string, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    const exit = await Effect.runPromiseExit(
      Effect.provideContext(answer(path, request, signal), options.services),
      { signal },
    );
    if (Exit.isSuccess(exit)) return exit.value;
    const { status, body } = options.encodeFailure(exit.cause);
    return jsonAnswer(body, status);
  };
};

/** Throws for an output that does not fit: that is a defect. An Effect for each would cost a fifth of a frame. */
const encodeFrame = ({ output }: AnyRoute) => {
  const encode = Schema.encodeUnknownSync(output);
  return ({ id, data, reset }: Frame<unknown>): string =>
    sseFrame({
      ...(id === undefined ? {} : { id }),
      ...(data === undefined ? {} : { data: encode(data) }),
      ...(reset === true ? { event: "reset" } : {}),
    });
};

const readInput = <E>(schema: Schema.Codec<unknown, unknown>, text: string, { refuse }: Policy<E>) =>
  Effect.gen(function* () {
    const json = yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (cause) => refuse("not-json", cause instanceof Error ? cause.message : String(cause)),
    });
    const decoded = decodeInput(schema)(json);
    if (Result.isSuccess(decoded)) return decoded.success;
    return yield* Effect.fail(refuse("input", decoded.failure.message));
  });
