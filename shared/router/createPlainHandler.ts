/**
 * Serves implemented routes to a server that reads requests and sends answers itself (`HttpMessage.ts`): `POST
 * /api/<path>` with JSON, and for streams `GET /api/<path>?input=<JSON>` with server-sent events, so that a browser's
 * `EventSource` can read them.
 */
import { type AnswerOptions, answerRoute } from "./answerRoute.ts";
import type { BoundRoute } from "./bindRoute.ts";
import type { HttpAnswer, HttpRequest } from "./HttpMessage.ts";

export interface HttpHandlerOptions<Context, E, R> extends AnswerOptions<Context, E, R> {
  readonly routes: ReadonlyArray<BoundRoute<Context, E, R>>;
}

/** What all paths begin with. */
export const prefix = "/api/";

export const createPlainHandler = <Context, E, R>({
  routes,
  ...options
}: HttpHandlerOptions<Context, E, R>) => {
  const answer = answerRoute(routes, options);
  /** `signal` says that the caller has gone. */
  return (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    const { pathname } = new URL(request.url);
    return answer(pathname.startsWith(prefix) ? pathname.slice(prefix.length) : "", request, signal);
  };
};
