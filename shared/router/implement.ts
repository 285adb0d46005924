/**
 * Gives every route of a contract its handler. A missing, superfluous or mistyped handler does not compile. A
 * handler gives an Effect, or a stream of frames for a streaming route; a plain async function or generator
 * does as well. Such a one is told by `signal` that its caller has gone.
 */
import { Effect, Stream } from "effect";
import { type RouterTable, routesOf } from "./createRouter.ts";
import type { AnyRoute, RouteContract } from "./o.ts";

export interface HandlerRequest<Input, Context> {
  readonly input: Input;
  /** Who calls, as the server established it. */
  readonly context: Context;
  /** The id of the last frame that a reconnecting client has. */
  readonly lastEventId: string | undefined;
  /** Aborts when the caller goes away. Effects and streams need it not: they are interrupted. */
  readonly signal: AbortSignal;
}

/** One element of a stream. Without `data` it only moves the client's position on. */
export interface Frame<Output> {
  readonly id?: string;
  readonly data?: Output;
  /** What was told before is void; what follows starts anew. */
  readonly reset?: true;
}

export type RouteHandler<Input, Output, Streams extends boolean, Context, E, R> = (
  request: HandlerRequest<Input, Context>,
) => true extends Streams
  ? Stream.Stream<Frame<Output>, E, R> | AsyncIterable<Frame<Output>>
  : Effect.Effect<Output, E, R> | Promise<Output>;

/** A route that was given its handler by `.handler(fn)`. */
export interface HandledRoute<Input, Output, Streams extends boolean, Context, E, R>
  extends RouteContract<Input, Output, Streams> {
  readonly handle: RouteHandler<Input, Output, Streams, Context, E, R>;
}

export type Handler<Route, Context, E, R> =
  Route extends RouteContract<infer Input, infer Output, infer Streams>
    ? RouteHandler<Input, Output, Streams, Context, E, R>
    : never;

export type Handlers<Table extends RouterTable, Context, E, R> = {
  readonly [Name in keyof Table]: Table[Name] extends AnyRoute
    ? Handler<Table[Name], Context, E, R>
    : Table[Name] extends RouterTable
      ? Handlers<Table[Name], Context, E, R>
      : never;
};

/** A route with its handler, as the server looks it up by path. */
export interface BoundRoute<Context, E, R> {
  readonly path: string;
  readonly route: AnyRoute;
  readonly handle: (
    request: HandlerRequest<unknown, Context>,
  ) => Effect.Effect<unknown, E, R> | Stream.Stream<Frame<unknown>, E, R>;
}

export const implement = <Table extends RouterTable, Context, E, R>(
  table: Table,
  handlers: Handlers<Table, Context, E, R>,
): ReadonlyArray<BoundRoute<Context, E, R>> =>
  routesOf(table).flatMap(([path, route]) => {
    const handle = path
      .split("/")
      .reduce<Nested<Context, E, R> | undefined>(
        (at, name) => (typeof at === "object" ? at[name] : undefined),
        handlers as Nested<Context, E, R>,
      );
    return typeof handle === "function" ? [bind(path, route, handle)] : [];
  });

/** The routes of a table in which each has its handler already. */
export const handledRoutes = <Context, E, R>(
  table: HandledTable<Context, E, R>,
): ReadonlyArray<BoundRoute<Context, E, R>> =>
  routesOf(table).map(([path, route]) => bind(path, route, (route as AnyHandled<Context, E, R>).handle));

export interface HandledTable<Context, E, R> {
  readonly [name: string]: AnyHandled<Context, E, R> | HandledTable<Context, E, R>;
}

interface AnyHandled<Context, E, R> extends AnyRoute {
  readonly handle: (request: HandlerRequest<never, Context>) => Answer<E, R>;
}

type Answer<E, R> =
  | Effect.Effect<unknown, E, R>
  | Promise<unknown>
  | Stream.Stream<Frame<unknown>, E, R>
  | AsyncIterable<Frame<unknown>>;

type Nested<Context, E, R> =
  | AnyHandled<Context, E, R>["handle"]
  | { readonly [name: string]: Nested<Context, E, R> };

const bind = <Context, E, R>(
  path: string,
  route: AnyRoute,
  handle: AnyHandled<Context, E, R>["handle"],
): BoundRoute<Context, E, R> => ({
  path,
  route,
  // The input was decoded by the route's own schema before.
  handle: (request) => {
    const answer = handle(request as HandlerRequest<never, Context>);
    if (Effect.isEffect(answer) || Stream.isStream(answer)) return answer;
    return Symbol.asyncIterator in answer
      ? Stream.fromAsyncIterable(answer, thrown<E>)
      : Effect.tryPromise({ try: () => answer, catch: thrown<E> });
  },
});

/** What async code throws has no type; whatever is not a tagged error is taken for a defect further out. */
const thrown = <E>(cause: unknown) => cause as E;
