/**
 * Middleware as an async function. `signal` aborts when nobody waits any more. `next` rejects with the failure of what
 * is further in; what the function throws is the failure for what is further out.
 */
import { Cause, Effect, Exit } from "effect";
import type { Added, InnerFailure, Middleware, MiddlewareRequest } from "./Middleware.ts";
import { thrown } from "./RouteHandler.ts";

export const asyncMiddleware =
  <Needs = unknown, Adds = unknown, E = never>(
    run: (
      request: MiddlewareRequest<Needs> & { readonly signal: AbortSignal },
      next: (...added: Added<Adds>) => Promise<unknown>,
    ) => Promise<unknown>,
  ): Middleware<Needs, Adds, E> =>
  (request, next) =>
    Effect.flatMap(Effect.context(), (services) => {
      const runInner = Effect.runPromiseExitWith(services);
      let inner: { readonly error: unknown; readonly cause: Cause.Cause<InnerFailure> } | undefined;
      return Effect.tryPromise({
        try: (signal) =>
          run({ ...request, signal }, async (...added) => {
            const exit = await runInner(next(...added), { signal });
            if (Exit.isSuccess(exit)) return exit.value;
            inner = { error: Cause.squash(exit.cause), cause: exit.cause };
            throw inner.error;
          }),
        catch: thrown<E>,
      }).pipe(
        // What only passed through is what it was: a defect, for instance, stays one.
        Effect.catch(
          (error): Effect.Effect<never, E | InnerFailure> =>
            inner !== undefined && inner.error === error ? Effect.failCause(inner.cause) : Effect.fail(error),
        ),
      );
    });
