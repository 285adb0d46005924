/** Serves implemented routes over HTTP, from a web `Request` to a web `Response`, at the paths of `createPlainHandler`. */
import { createPlainHandler, type HttpHandlerOptions } from "./createPlainHandler.ts";
import { asResponse } from "./HttpMessage.ts";

export const createHttpHandler = <Context, E, R>(options: HttpHandlerOptions<Context, E, R>) => {
  const answer = createPlainHandler(options);
  /**
   * `signal` says that the caller has gone. A server that makes its requests itself should pass its own: the
   * signal of a `new Request(url, { signal })` stops following once that request is garbage.
   */
  return async (request: Request, signal: AbortSignal = request.signal): Promise<Response> =>
    asResponse(await answer(request, signal));
};
