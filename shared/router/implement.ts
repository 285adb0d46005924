/**
 * Gives every route of a contract its handler. A missing, superfluous or mistyped handler does not compile. A
 * handler gives an Effect, or a stream of frames for a streaming route; a plain async function or generator
 * does as well. Such a one is told by `signal` that its caller has gone.
 */
import { Effect, Stream } from "effect";
import { isRoute, type RouterTable } from "./createRouter.ts";
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
  readonly handle: (request: HandlerRequest<unknown, Context>) => Effect.Effect<unknown, E, R> | Stream.Stream<Frame<unknown>, E, R>;
}

export const implement = <Table extends RouterTable, Context, E, R>(
  table: Table,
  handlers: Handlers<Table, Context, E, R>,
): ReadonlyArray<BoundRoute<Context, E, R>> => bind(table, handlers as Nested<Context, E, R>, "");

type Nested<Context, E, R> = { readonly [name: string]: BoundRoute<Context, E, R>["handle"] | Nested<Context, E, R> };

const bind = <Context, E, R>(
  table: RouterTable,
  handlers: Nested<Context, E, R>,
  prefix: string,
): ReadonlyArray<BoundRoute<Context, E, R>> =>
  Object.entries(table).flatMap(([name, entry]): ReadonlyArray<BoundRoute<Context, E, R>> => {
    const handler = handlers[name];
    const path = `${prefix}${name}`;
    if (typeof handler === "function") return [{ path, route: entry as AnyRoute, handle: handler }];
    return handler === undefined ? [] : bind(entry as RouterTable, handler, `${path}/`);
  });
