/**
 * Route handlers of a Next.js App Router for all routes at once: in `app/api/[...path]/route.ts`,
 * `export const { GET, POST } = createNextHandler(routes, server)`. The catch-all may have any name and lie anywhere.
 */
import { type AnswerOptions, answerRoute } from "./answerRoute.ts";
import type { BoundRoute } from "./bindRoute.ts";
import { asResponse } from "./HttpMessage.ts";

type Params = Readonly<Record<string, string | Array<string> | undefined>>;

/** Older versions of Next.js give the parameters themselves, newer ones a promise of them. */
export type NextRouteHandler = (
  request: Request,
  segment: { readonly params: Params | Promise<Params> },
) => Promise<Response>;

export const createNextHandler = <Context, E, R>(
  routes: ReadonlyArray<BoundRoute<Context, E, R>>,
  server: AnswerOptions<Context, E, R>,
): { readonly GET: NextRouteHandler; readonly POST: NextRouteHandler } => {
  const answer = answerRoute(routes, server);
  const handle: NextRouteHandler = async (request, segment) => {
    const path = Object.values(await segment.params).find((value) => Array.isArray(value)) ?? [];
    return asResponse(await answer(path.join("/"), request, request.signal));
  };
  return { GET: handle, POST: handle };
};
