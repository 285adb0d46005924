/**
 * The address of a deferred, `/deferred/<id>`, for whoever has an HTTP client and no more: GET waits for it, at most
 * as many seconds as `?wait=` says; POST settles it, by `{"value": …}` or `{"reason": "…"}`. It is another way to the
 * routes `deferred.await`, `.resolve` and `.reject`, and takes the same tokens. The person says by `?project=` where
 * it belongs; an agent's project follows from its token.
 */
import { Effect } from "effect";
import type { AnyError } from "../../shared/contract/errors.ts";
import type { HttpRequest } from "../../shared/router/HttpMessage.ts";
import { readBody } from "../../shared/router/readBody.ts";
import { refuseRequest } from "./encodeFailure.ts";

const address = /^\/deferred\/([0-9a-f-]{36})$/;

/** The request as the routes take it; any other request as it is. */
export const routeDeferred = Effect.fnUntraced(function* (
  request: HttpRequest,
): Effect.fn.Return<HttpRequest, AnyError> {
  const url = new URL(request.url);
  const id = address.exec(url.pathname)?.[1];
  if (id === undefined) return request;
  const which = { project: url.searchParams.get("project") ?? "", id };
  const asRoute = (route: string, input: unknown): HttpRequest => {
    const text = typeof input === "string" ? input : JSON.stringify(input);
    const body = [new TextEncoder().encode(text)];
    return { method: "POST", url: `${url.origin}/api/deferred/${route}`, headers: request.headers, body };
  };
  if (request.method === "GET") {
    return asRoute("await", { ...which, waitSeconds: Number(url.searchParams.get("wait") ?? 0) });
  }
  if (request.method !== "POST") return request;
  // Whose it is, is not known yet, so no more of it is held than of any other.
  const text = yield* readBody(request, (detail) => refuseRequest("too-large", detail));
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    // The route says what is wrong with it.
    return asRoute("resolve", text);
  }
  if (typeof said !== "object" || said === null) return asRoute("resolve", { ...which, given: said });
  return asRoute("reason" in said ? "reject" : "resolve", { ...said, ...which });
});
