/**
 * Sends each request of the daemon's HTTP server to where it belongs: the routes, or one of the few pages beside
 * them that speak another format (a document, a metrics text, MCP). Every page takes a token as the routes do.
 */
import { type Cause, Effect, Exit, type Context as Services } from "effect";
import type { AnyError } from "../../shared/contract/errors.ts";
import type { Access } from "../../shared/contract/route.ts";
import type { HttpError } from "../../shared/router/answerRoute.ts";
import { type HttpAnswer, type HttpRequest, jsonAnswer } from "../../shared/router/HttpMessage.ts";
import type { Agents } from "../coordination/agents/Agents.ts";
import type { DataFolder } from "../platform/DataFolder.ts";
import { authenticate, type Caller } from "./authenticate.ts";
import { routeDeferred } from "./deferredUrl.ts";

export interface Page<R> {
  readonly access: Access;
  readonly answer: (request: HttpRequest, caller: Caller) => Effect.Effect<HttpAnswer, AnyError, R>;
}

/** `signal` says that the caller has gone. */
export type Answer = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

export const dispatch = <R>(options: {
  /** Everything below `/api/`. */
  readonly routes: Answer;
  /** By path, for instance `/metrics`. */
  readonly pages: Readonly<Record<string, Page<R>>>;
  readonly services: Services.Context<R | Agents | DataFolder>;
  readonly encodeFailure: (cause: Cause.Cause<AnyError>) => HttpError;
}): Answer => {
  const pages = new Map(Object.entries(options.pages));
  const failed = (cause: Cause.Cause<AnyError>) => {
    const { status, body } = options.encodeFailure(cause);
    return jsonAnswer(body, status);
  };
  return async (request, signal) => {
    const page = pages.get(new URL(request.url).pathname);
    if (page === undefined) {
      const routed = await Effect.runPromiseExit(routeDeferred(request), { signal });
      return Exit.isSuccess(routed) ? await options.routes(routed.value, signal) : failed(routed.cause);
    }
    const answer = Effect.flatMap(authenticate(request, page.access), (caller) =>
      page.answer(request, caller),
    );
    const exit = await Effect.runPromiseExit(Effect.provideContext(answer, options.services), { signal });
    return Exit.isSuccess(exit) ? exit.value : failed(exit.cause);
  };
};
