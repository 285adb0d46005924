/**
 * Gives every route of a contract its handler, and all of them the middleware of `use`. A missing, superfluous or
 * mistyped handler does not compile.
 */
import { type BoundRoute, bindRoute } from "./bindRoute.ts";
import { type RouterTable, routesOf, type StreamsOf } from "./createRouter.ts";
import type { Middleware } from "./Middleware.ts";
import type { AnyRoute, RouteContract } from "./o.ts";
import type { AnyHandler, RouteHandler } from "./RouteHandler.ts";

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

export const implement = <Table extends RouterTable, Context, E, R, Adds = unknown>(
  table: Table,
  handlers: Handlers<Table, Context & NoInfer<Adds>, E, R>,
  options: { readonly use?: Middleware<Context, Adds, E, R> } = {},
): ReadonlyArray<BoundRoute<Context, E, R, StreamsOf<Table>>> =>
  routesOf(table).flatMap(([path, route]) => {
    const handle = path
      .split("/")
      .reduce<Nested<Context, E, R> | undefined>(
        (at, name) => (typeof at === "object" ? at[name] : undefined),
        handlers as Nested<Context, E, R>,
      );
    if (typeof handle !== "function") return [];
    const middleware = options.use as Middleware<Context, unknown, E, R> | undefined;
    return [bindRoute(path, route, handle, middleware) as BoundRoute<Context, E, R, StreamsOf<Table>>];
  });

type Nested<Context, E, R> = AnyHandler<Context, E, R> | { readonly [name: string]: Nested<Context, E, R> };
