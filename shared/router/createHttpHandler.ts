/**
 * Serves implemented routes over HTTP, from a web `Request` to a web `Response`: `POST /api/<path>` with JSON,
 * and for streams `GET /api/<path>?input=<JSON>` with server-sent events, so that a browser's `EventSource` can
 * read them. Input and output are validated. Errors become tagged JSON by the server's own mapping.
 */
import { type Cause, Effect, Exit, identity, Result, Schema, type Context as Services, Stream } from "effect";
import type { BoundRoute } from "./implement.ts";

export interface HttpError {
  readonly status: number;
  /** A tagged error, encoded. */
  readonly body: unknown;
}

export interface HttpHandlerOptions<Context, E, R> {
  readonly routes: ReadonlyArray<BoundRoute<Context, E, R>>;
  readonly services: Services.Context<R>;
  /** Establishes who calls, or fails when the route's `access` does not let the caller in. */
  readonly context: (request: Request, access: string) => Effect.Effect<Context, E, R>;
  /** Fails when a caller that was let in would not be any more; its streams end with that failure. */
  readonly revoked?: (request: Request) => Effect.Effect<never, E, R>;
  /** What a failure looks like to the client; a defect too. */
  readonly encodeFailure: (cause: Cause.Cause<E>) => HttpError;
  /** Faults of the request itself. */
  readonly refuse: (kind: "no-route" | "method" | "too-large" | "not-json" | "input", detail: string) => E;
}

const maxBody = 10 * 1024 * 1024;
const heartbeat = "15 seconds";

export const createHttpHandler = <Context, E, R>(options: HttpHandlerOptions<Context, E, R>) => {
  const byPath = new Map(options.routes.map((route) => [`/api/${route.path}`, route]));

  const answer = Effect.fnUntraced(function* (request: Request, signal: AbortSignal) {
    const url = new URL(request.url);
    const bound = byPath.get(url.pathname);
    if (bound === undefined) return yield* Effect.fail(options.refuse("no-route", url.pathname));
    const { route } = bound;
    const method = route.stream ? "GET" : "POST";
    if (request.method !== method)
      return yield* Effect.fail(options.refuse("method", `${url.pathname} takes ${method}`));
    const context = yield* options.context(request, route.access);
    const text = route.stream
      ? (url.searchParams.get("input") ?? "{}")
      : yield* readBody(request, options.refuse);
    const input = yield* decodeInput(route.input, text, options.refuse);
    const lastEventId = request.headers.get("last-event-id") ?? undefined;
    const result = bound.handle({ input, context, lastEventId, signal });
    const encode = Schema.encodeUnknownEffect(route.output);
    if (Effect.isEffect(result)) {
      const output = yield* Effect.orDie(encode(yield* result));
      return Response.json(output);
    }
    const frames = result.pipe(
      options.revoked === undefined ? identity : Stream.interruptWhen(options.revoked(request)),
      Stream.mapEffect((frame) =>
        Effect.map(
          frame.data === undefined ? Effect.succeed(undefined) : Effect.orDie(encode(frame.data)),
          (data) =>
            sseFrame({
              ...(frame.id === undefined ? {} : { id: frame.id }),
              ...(data === undefined ? {} : { data }),
              ...(frame.reset === true ? { event: "reset" } : {}),
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
        Stream.map(Stream.tick(route.heartbeat ?? heartbeat), () => ": \n\n"),
        { haltStrategy: "left" },
      ),
      Stream.encodeText,
    );
    const body = Stream.toReadableStreamWith(frames, options.services, { signal });
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  });

  /**
   * `signal` says that the caller has gone. A server that makes its requests itself should pass its own: the
   * signal of a `new Request(url, { signal })` stops following once that request is garbage.
   */
  return async (request: Request, signal: AbortSignal = request.signal): Promise<Response> => {
    const exit = await Effect.runPromiseExit(
      Effect.provideContext(answer(request, signal), options.services),
      { signal },
    );
    if (Exit.isSuccess(exit)) return exit.value;
    const { status, body } = options.encodeFailure(exit.cause);
    return Response.json(body, { status });
  };
};

const sseFrame = (frame: {
  readonly id?: string;
  readonly event?: string;
  readonly data?: unknown;
}): string => {
  const lines = [
    ...(frame.id === undefined ? [] : [`id: ${frame.id}`]),
    // A frame that only moves the position has a name, since readers may drop what has neither name nor data.
    ...(frame.event === undefined && frame.data !== undefined ? [] : [`event: ${frame.event ?? "position"}`]),
    // JSON has no line breaks, so one data line is enough.
    ...(frame.data === undefined ? [] : [`data: ${JSON.stringify(frame.data)}`]),
  ];
  return `${lines.join("\n")}\n\n`;
};

/**
 * Too large a body is read to its end and dropped, since a client that is still writing would not see the answer;
 * one that is larger still is cut off.
 */
const readBody = <E>(request: Request, refuse: HttpHandlerOptions<never, E, never>["refuse"]) =>
  Effect.gen(function* () {
    if (request.body === null) return "{}";
    const reader = request.body.getReader();
    const chunks: Array<Uint8Array> = [];
    let size = 0;
    for (;;) {
      // A body breaks off when its sender goes away; then nobody waits for an answer.
      const { done, value } = yield* Effect.tryPromise(() => reader.read()).pipe(
        Effect.catch(() => Effect.interrupt),
      );
      if (done) break;
      size += value.length;
      if (size <= maxBody) chunks.push(value);
      if (size > 10 * maxBody) {
        yield* Effect.promise(() => reader.cancel());
        break;
      }
    }
    if (size > maxBody) return yield* Effect.fail(refuse("too-large", `${maxBody / 1024 / 1024} MB`));
    return Buffer.concat(chunks).toString("utf8");
  });

const decodeInput = <E>(
  schema: Schema.Codec<unknown, unknown>,
  text: string,
  refuse: HttpHandlerOptions<never, E, never>["refuse"],
) =>
  Effect.gen(function* () {
    const json = yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (cause) => refuse("not-json", cause instanceof Error ? cause.message : String(cause)),
    });
    const decoded = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })(json);
    if (Result.isSuccess(decoded)) return decoded.success;
    return yield* Effect.fail(refuse("input", decoded.failure.message));
  });
