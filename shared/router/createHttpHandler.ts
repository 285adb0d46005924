/**
 * Serves implemented routes over HTTP, from a web `Request` to a web `Response`: `POST /api/<path>` with JSON,
 * and for streams `GET /api/<path>?input=<JSON>` with server-sent events, so that a browser's `EventSource` can
 * read them.
 */
import { type AnswerOptions, answerRoute } from "./answerRoute.ts";
import type { BoundRoute } from "./bindRoute.ts";

export interface HttpHandlerOptions<Context, E, R> extends AnswerOptions<Context, E, R> {
  readonly routes: ReadonlyArray<BoundRoute<Context, E, R>>;
}

/** What all paths begin with. */
export const prefix = "/api/";

export const createHttpHandler = <Context, E, R>({
  routes,
  ...options
}: HttpHandlerOptions<Context, E, R>) => {
  const answer = answerRoute(routes, options);
  /**
   * `signal` says that the caller has gone. A server that makes its requests itself should pass its own: the
   * signal of a `new Request(url, { signal })` stops following once that request is garbage.
   */
  return (request: Request, signal: AbortSignal = request.signal): Promise<Response> => {
    const { pathname } = new URL(request.url);
    return answer(pathname.startsWith(prefix) ? pathname.slice(prefix.length) : "", request, signal);
  };
};
