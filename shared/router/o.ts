/**
 * Begins a route: `o({ access }).input(Schema).output(Schema)`. What comes out is a contract, which a client can
 * be typed by; it holds no code of either side. `implement` gives the routes of a whole table their handlers;
 * `.handler(fn)` gives one to a single route, where contract and server need not be apart.
 */
import type { Schema } from "effect";
import type { HandledRoute, RouteHandler } from "./implement.ts";

export interface RouteOptions<Streams extends boolean> {
  /** Whom the server lets in; the router carries it and gives it no meaning. */
  readonly access: string;
  /** The answer is a stream of outputs instead of one. */
  readonly stream?: Streams;
}

export interface RouteContract<Input, Output, Streams extends boolean> {
  readonly kind: "route";
  readonly access: string;
  readonly stream: Streams;
  readonly input: Schema.Codec<Input, unknown>;
  readonly output: Schema.Codec<Output, unknown>;
  readonly handler: <Context = unknown, E = never, R = never>(
    handle: RouteHandler<Input, Output, Streams, Context, E, R>,
  ) => HandledRoute<Input, Output, Streams, Context, E, R>;
}

/** Stands for any route. */
export interface AnyRoute {
  readonly kind: "route";
  readonly access: string;
  readonly stream: boolean;
  readonly input: Schema.Codec<unknown, unknown>;
  readonly output: Schema.Codec<unknown, unknown>;
}

export const o = <Streams extends boolean = false>(options: RouteOptions<Streams>) => ({
  input: <Input>(input: Schema.Codec<Input, unknown>) => ({
    output: <Output>(output: Schema.Codec<Output, unknown>): RouteContract<Input, Output, Streams> => {
      const parts = {
        kind: "route",
        access: options.access,
        stream: (options.stream ?? false) as Streams,
        input,
        output,
      } as const;
      const handler = <Context = unknown, E = never, R = never>(
        handle: RouteHandler<Input, Output, Streams, Context, E, R>,
      ) => ({
        ...parts,
        handler,
        handle,
      });
      return { ...parts, handler };
    },
  }),
});
