/**
 * Begins a route: `o({ access }).input(Schema).output(Schema)`. What comes out is a contract, which a client can
 * be typed by; it holds no code of either side. `implement` gives the routes of a whole table their handlers;
 * `.use(middleware)` and `.handler(fn)` give them to a single route, where contract and server need not be apart.
 */
import { type Duration, Schema } from "effect";
import { compose, type Middleware, type Provided, type Without } from "./Middleware.ts";
import type { RouteHandler } from "./RouteHandler.ts";
import { type RouteDuration, toDuration } from "./toDuration.ts";

export interface RouteOptions<Streams extends boolean> {
  /** Whom the server lets in; the router carries it and gives it no meaning. */
  readonly access?: string;
  /** The answer is a stream of outputs instead of one. */
  readonly stream?: Streams;
  /** A call that takes longer fails. Streams have no such end. */
  readonly timeout?: RouteDuration;
  /** Says that the call is safe to repeat: server and client do so when it failed for a passing reason. */
  readonly retry?: Retry;
  /** A stream that is silent says this often that it is there (15 seconds); three of them missed, it is lost. */
  readonly heartbeat?: RouteDuration;
  /** A stream that can't go on from a position begins anew when its connection is lost. */
  readonly resume?: "position" | "none";
}

/** Exponential pauses with jitter: from `base` on, at most `times` times ("exponential": 3, from 100 ms). */
export type Retry = "exponential" | { readonly times: number; readonly base: RouteDuration };

/** What both sides keep to. */
export interface RouteBehaviour {
  readonly timeout?: Duration.Duration;
  readonly retry?: { readonly times: number; readonly base: Duration.Duration };
  readonly heartbeat?: Duration.Duration;
  readonly resume?: "position" | "none";
}

export interface RouteContract<Input, Output, Streams extends boolean> extends RouteBehaviour {
  readonly kind: "route";
  readonly access: string;
  readonly stream: Streams;
  readonly input: Schema.Codec<Input, unknown>;
  readonly output: Schema.Codec<Output, unknown>;
}

/** Stands for any route. */
export type AnyRoute = RouteContract<unknown, unknown, boolean>;

/** A route that has its handler. `Context` is what its server must establish before. */
export interface HandledRoute<Input, Output, Streams extends boolean, Context, E, R>
  extends RouteContract<Input, Output, Streams> {
  readonly handle: RouteHandler<Input, Output, Streams, Context, E, R>;
  readonly middleware?: Middleware<Context, unknown, E, R>;
  /** For the types only: what a table of such routes needs, and how its calls fail. */
  readonly types?: HandledTypes<Context, E, R>;
}

export interface HandledTypes<Context, E, R> {
  readonly needs: (context: Context) => void;
  readonly error: E;
  readonly services: R;
}

export interface OpenRoute<Input, Output, Streams extends boolean>
  extends RouteContract<Input, Output, Streams> {
  /** Stands around the handler; what is used first is outermost. */
  readonly use: <Needs = unknown, Adds = unknown, E = never, R = never>(
    middleware: Middleware<Needs, Adds, E, R>,
  ) => GuardedRoute<Input, Output, Streams, Needs, Adds, E, R>;
  readonly handler: <Context = unknown, E = never, R = never>(
    handle: RouteHandler<Input, Output, Streams, Context, E, R>,
  ) => HandledRoute<Input, Output, Streams, Context, E, R>;
}

/** A route with middleware and no handler yet. It has no place in a table: middleware is code of the server. */
export interface GuardedRoute<Input, Output, Streams extends boolean, Needs, Adds, E, R> {
  readonly use: <Needs2 = unknown, Adds2 = unknown, E2 = never, R2 = never>(
    middleware: Middleware<Needs2, Adds2, E2, R2> & Provided<Adds, Needs2>,
  ) => GuardedRoute<Input, Output, Streams, Needs & Without<Needs2, Adds>, Adds & Adds2, E | E2, R | R2>;
  readonly handler: <Context = Without<Needs, Adds> & Adds, E2 = never, R2 = never>(
    handle: RouteHandler<Input, Output, Streams, Context, E2, R2> & Provided<Adds, Context>,
  ) => HandledRoute<Input, Output, Streams, Needs & Without<Context, Adds>, E | E2, R | R2>;
}

const exponential = { times: 3, base: "100ms" } as const;

export const o = <Streams extends boolean = false>({
  timeout,
  retry,
  heartbeat,
  ...options
}: RouteOptions<Streams>) => ({
  input: <Input>(input: Schema.Codec<Input, unknown>) => {
    const contract = <Output>(
      output: Schema.Codec<Output, unknown>,
    ): RouteContract<Input, Output, Streams> => ({
      access: "",
      ...options,
      ...(timeout === undefined ? {} : { timeout: toDuration(timeout) }),
      ...(retry === undefined ? {} : { retry: repetition(retry === "exponential" ? exponential : retry) }),
      ...(heartbeat === undefined ? {} : { heartbeat: toDuration(heartbeat) }),
      kind: "route",
      stream: (options.stream ?? false) as Streams,
      input,
      output,
    });
    return {
      output: <Output>(output: Schema.Codec<Output, unknown>): OpenRoute<Input, Output, Streams> => {
        const parts = contract(output);
        return {
          ...parts,
          use: (middleware) => guarded(parts, middleware),
          handler: (handle) => ({ ...parts, handle }),
        };
      },
      /** Without a schema of its own the output goes out as JSON makes it, with the type that the handler gives. */
      handler: <Output, Context = unknown, E = never, R = never>(
        handle: RouteHandler<Input, Output, Streams, Context, E, R>,
      ): HandledRoute<Input, Output, Streams, Context, E, R> => ({
        ...contract(Schema.Unknown as unknown as Schema.Codec<Output, unknown>),
        handle,
      }),
    };
  },
});

const repetition = ({ times, base }: Exclude<Retry, string>) => ({ times, base: toDuration(base) });

const guarded = <Input, Output, Streams extends boolean, Needs, Adds, E, R>(
  parts: RouteContract<Input, Output, Streams>,
  middleware: Middleware<Needs, Adds, E, R>,
): GuardedRoute<Input, Output, Streams, Needs, Adds, E, R> => ({
  // The types of both, which `Provided` has compared, can't be followed through the generic functions.
  use: (more) => guarded(parts, compose(middleware, more as never) as never),
  handler: (handle) => ({ ...parts, handle, middleware }) as never,
});
