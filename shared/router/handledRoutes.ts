/** The routes of a table in which each has its handler already, as a server takes them. */
import { type BoundRoute, bindRoute } from "./bindRoute.ts";
import { routesOf, type StreamsOf } from "./createRouter.ts";
import type { ContextOf, ErrorOf, HandledTable, ServicesOf } from "./HandledTable.ts";
import type { Middleware } from "./Middleware.ts";
import type { AnyRoute } from "./o.ts";
import type { AnyHandler } from "./RouteHandler.ts";

type BoundOf<Table> = BoundRoute<ContextOf<Table>, ErrorOf<Table>, ServicesOf<Table>, StreamsOf<Table>>;

export const handledRoutes = <Table extends HandledTable>(table: Table): ReadonlyArray<BoundOf<Table>> =>
  routesOf(table).map(([path, route]) => {
    const { handle, middleware } = route as HandledAs<Table>;
    return bindRoute(path, route, handle, middleware) as BoundOf<Table>;
  });

interface HandledAs<Table> extends AnyRoute {
  readonly handle: AnyHandler<ContextOf<Table>, ErrorOf<Table>, ServicesOf<Table>>;
  readonly middleware?: Middleware<ContextOf<Table>, unknown, ErrorOf<Table>, ServicesOf<Table>>;
}
