/** A table of routes, nested as one likes; the place of a route is its path: `swarm.start` → `/api/swarm/start`. */
import type { AnyRoute } from "./o.ts";

export interface RouterTable {
  readonly [name: string]: AnyRoute | RouterTable;
}

export const createRouter = <const Table extends RouterTable>(table: Table): Table => table;

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
