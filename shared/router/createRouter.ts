/**
 * A table of routes, nested as one likes; the place of a route is its path: `swarm.start` → `/api/swarm/start`. Where
 * the routes have their handlers already, `use` puts middleware around all of them.
 */
import type { HandledTable } from "./HandledTable.ts";
import { compose, type Middleware, type Without } from "./Middleware.ts";
import type { AnyRoute, HandledRoute, HandledTypes, RouteContract } from "./o.ts";

export interface RouterTable {
  readonly [name: string]: AnyRoute | RouterTable;
}

/** `false` if no route of it streams. */
export type StreamsOf<Table> =
  Table extends RouteContract<infer _Input, infer _Output, infer Streams>
    ? Streams
    : { readonly [Name in keyof Table]: StreamsOf<Table[Name]> }[keyof Table];

export function createRouter<const Table extends RouterTable>(table: Table): Table;
export function createRouter<const Table extends HandledTable, Needs, Adds, E, R>(
  table: Table,
  options: { readonly use: Middleware<Needs, Adds, E, R> },
): Guarded<Table, Needs, Adds, E, R>;
export function createRouter(table: RouterTable, options?: { readonly use: unknown }): unknown {
  return options === undefined ? table : guard(table, options.use as AnyMiddleware);
}

type Guarded<Table, Needs, Adds, E, R> = {
  readonly [Name in keyof Table]: Table[Name] extends RouteContract<
    infer Input,
    infer Output,
    infer Streams
  > & {
    readonly types?: HandledTypes<infer Context, infer E2, infer R2>;
  }
    ? HandledRoute<Input, Output, Streams, Needs & Without<Context, Adds>, E | E2, R | R2>
    : Guarded<Table[Name], Needs, Adds, E, R>;
};

type AnyMiddleware = Middleware<never, never, unknown, unknown>;

const guard = (table: RouterTable, use: AnyMiddleware): RouterTable =>
  Object.fromEntries(
    Object.entries(table).map(([name, entry]) => [
      name,
      isRoute(entry) ? around(entry, use) : guard(entry, use),
    ]),
  );

const around = (route: AnyRoute & { readonly middleware?: AnyMiddleware }, use: AnyMiddleware) => ({
  ...route,
  middleware: route.middleware === undefined ? use : compose(use, route.middleware),
});

export const isRoute = (value: AnyRoute | RouterTable): value is AnyRoute =>
  typeof value.kind === "string" && value.kind === "route";

/** Every route with its path, for instance `swarm/start`. */
export const routesOf = (
  table: RouterTable,
  prefix = "",
): ReadonlyArray<readonly [path: string, route: AnyRoute]> =>
  Object.entries(table).flatMap(([name, entry]) =>
    isRoute(entry) ? [[`${prefix}${name}`, entry] as const] : routesOf(entry, `${prefix}${name}/`),
  );
