/**
 * Calls routes within the process, as the same functions that a client has: inputs and outputs go through their
 * schemas as they would over the wire, and errors are the handlers' own.
 */
import { Schema, Stream } from "effect";
import type { BoundRoute } from "./bindRoute.ts";
import { askRoute, callRoute, type LocalOptions } from "./callRoute.ts";
import { type Client, createClient } from "./createClient.ts";
import type { RouterTable } from "./createRouter.ts";
import type { ContextOf, ErrorOf, HandledTable, ServicesOf } from "./HandledTable.ts";
import { handledRoutes } from "./handledRoutes.ts";
import type { Frame } from "./RouteHandler.ts";
import { refuseRoute } from "./RouteRefused.ts";

/** Of a table whose routes have their handlers. */
export function createCaller<const Table extends HandledTable>(
  router: Table,
  options: LocalOptions<ContextOf<Table>, ErrorOf<Table>, ServicesOf<Table>>,
): Client<Table>;
/** Of a contract and the routes that `implement` gives for it. */
export function createCaller<Table extends RouterTable, Context, E, R>(
  table: Table,
  options: LocalOptions<Context, E, R> & { readonly routes: ReadonlyArray<BoundRoute<Context, E, R>> },
): Client<Table>;
export function createCaller(table: RouterTable, given: object): unknown {
  const options = given as AnyOptions;
  const routes = options.routes ?? (handledRoutes(table as HandledTable) as ReadonlyArray<unknown> as Routes);
  const byPath = new Map(routes.map((bound) => [bound.path, bound]));
  const find = (path: string) => {
    const bound = byPath.get(path);
    if (bound === undefined) throw refuseRoute("no-route", `${path} has no handler`);
    return bound;
  };
  return createClient(table, {
    call: async ({ path }, input, call) => callRoute(find(path), options)(input, call),
    async *stream({ path }, input, { lastEventId, onReset, signal }) {
      const bound = find(path);
      const { answer, services } = askRoute(bound, options, input, lastEventId);
      const encode = Schema.encodeUnknownSync(bound.route.output);
      const frames = Stream.toReadableStreamWith(
        answer as Stream.Stream<Frame<unknown>, unknown, unknown>,
        services,
        signal === undefined ? {} : { signal },
      );
      for await (const { id, data, reset } of frames) {
        if (reset === true) {
          if (onReset === undefined) throw refuseRoute("reset", `${path} was begun anew by its handler`);
          onReset();
        }
        if (data !== undefined) yield { id, data: encode(data) };
      }
    },
    unreadable: (path, detail) => new Error(`The output of ${path} is not valid: ${detail}`),
  });
}

type Routes = ReadonlyArray<BoundRoute<never, unknown, unknown>>;
type AnyOptions = LocalOptions<never, unknown, unknown> & { readonly routes?: Routes };
