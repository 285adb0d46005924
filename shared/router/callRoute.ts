/**
 * One call of a route within the process, by values in their encoded form, as they would be on the wire. It rejects
 * with the handler's own error.
 */
import { Cause, Effect, Exit, Result, Schema, Context as Services, type Stream } from "effect";
import type { BoundRoute, Policy } from "./bindRoute.ts";
import { decodeInput } from "./decodeInput.ts";
import type { Frame } from "./RouteHandler.ts";
import { type RouteRefused, refuseRoute } from "./RouteRefused.ts";

/** Faults are `RouteRefused`, unless the server says otherwise by `refuse`. */
export type LocalOptions<Context, E, R> = Partial<Policy<E>> & {
  /** In whose name the calls are made. */
  readonly context: Context;
} & GivenServices<R>;

/** What the handlers need, where they need something. */
export type GivenServices<R> = [R] extends [never]
  ? { readonly services?: Services.Context<never> }
  : { readonly services: Services.Context<R> };

export const callRoute =
  <Context, E, R>(bound: BoundRoute<Context, E, R>, options: LocalOptions<Context, E, R>) =>
  async (encoded: unknown, { signal }: { readonly signal?: AbortSignal } = {}): Promise<unknown> => {
    const { answer, services } = askRoute(bound, options, encoded, undefined);
    const exit = await Effect.runPromiseExit(
      Effect.provideContext(answer as Effect.Effect<unknown, E, R>, services),
      signal === undefined ? {} : { signal },
    );
    if (Exit.isSuccess(exit)) return Schema.encodeUnknownSync(bound.route.output)(exit.value);
    throw Cause.squash(exit.cause);
  };

/** What the route answers, to be run with the services. */
export const askRoute = <Context, E, R>(
  { route, path, handle }: BoundRoute<Context, E, R>,
  { context, services, refuse, transient }: LocalOptions<Context, E, R>,
  encoded: unknown,
  lastEventId: string | undefined,
): {
  readonly answer: Effect.Effect<unknown, E, R> | Stream.Stream<Frame<unknown>, E, R>;
  readonly services: Services.Context<R>;
} => {
  const say: (...fault: Parameters<typeof refuseRoute>) => E | RouteRefused = (refuse ??
    refuseRoute) as typeof refuseRoute;
  const input = Result.getOrThrowWith(decodeInput(route.input)(encoded), (error) =>
    say("input", `the input of ${path} is not valid: ${error.message}`),
  );
  const policy = { refuse: say as Policy<E>["refuse"], ...(transient === undefined ? {} : { transient }) };
  return {
    answer: handle({ input, context, lastEventId }, policy),
    services: (services ?? Services.empty()) as Services.Context<R>,
  };
};
