/**
 * Lets in whom `check` lets in, by the bearer token and the route's `access`, and adds what it gives to the context.
 * It sees a request after its input was read; a server that must refuse before that does so where it makes the context.
 */
import { Effect } from "effect";
import type { Middleware } from "./Middleware.ts";

export const auth =
  <Adds, E, R>(
    check: (token: string | undefined, access: string) => Effect.Effect<Adds, E, R>,
  ): Middleware<unknown, Adds, E, R> =>
  ({ headers, route }, next) => {
    const token = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1];
    return Effect.flatMap(check(token, route.access), (adds) => next(...([adds] as Parameters<typeof next>)));
  };
