/** Types of tables in which each route has its handler: what a server must give for them, and how their calls fail. */
import type { AnyRoute, HandledTypes } from "./o.ts";

export interface HandledTable {
  readonly [name: string]: AnyHandled | HandledTable;
}

export interface AnyHandled extends AnyRoute {
  readonly handle: (request: never) => unknown;
}

/** The context that all of the routes can be called with. */
export type ContextOf<Table> = [Types<Table>] extends [{ readonly needs: (context: infer Context) => void }]
  ? Context
  : never;
export type ErrorOf<Table> = Types<Table> extends { readonly error: infer E } ? E : never;
export type ServicesOf<Table> = Types<Table> extends { readonly services: infer R } ? R : never;

type Types<Table> = Table extends {
  readonly kind: "route";
  readonly types?: HandledTypes<infer Context, infer E, infer R>;
}
  ? HandledTypes<Context, E, R>
  : { readonly [Name in keyof Table]: Types<Table[Name]> }[keyof Table];
