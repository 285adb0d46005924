/**
 * Begins a route: `o({ access }).input(Schema).output(Schema)`. What comes out is a contract, which a client can
 * be typed by; it holds no code of either side. `implement` gives the routes of a whole table their handlers;
 * `.handler(fn)` gives one to a single route, where contract and server need not be apart.
 */
import type { Duration, Schema } from "effect";
import type { HandledRoute, RouteHandler } from "./implement.ts";

export interface RouteOptions<Streams extends boolean> extends RouteBehaviour {
  /** Whom the server lets in; the router carries it and gives it no meaning. */
  readonly access: string;
  /** The answer is a stream of outputs instead of one. */
  readonly stream?: Streams;
}

/** What both sides keep to. */
export interface RouteBehaviour {
  /** A call that takes longer fails. Streams have no such end. */
  readonly timeout?: Duration.Input;
  /** Says that the call is safe to repeat: server and client do so when it failed for a passing reason. */
  readonly retry?: Retry;
  /** A stream that is silent says this often that it is there (15 seconds); three of them missed, it is lost. */
  readonly heartbeat?: Duration.Input;
  /** A stream that can't go on from a position begins anew when its connection is lost. */
  readonly resume?: "position" | "none";
}

/** Exponential pauses with jitter: from `base` on, at most `times` times. */
export type Retry = "exponential" | { readonly times: number; readonly base: Duration.Input };

export interface RouteContract<Input, Output, Streams extends boolean> extends RouteBehaviour {
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
export interface AnyRoute extends RouteBehaviour {
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
        ...options,
        kind: "route",
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
