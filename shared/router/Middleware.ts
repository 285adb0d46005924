/**
 * What stands around handlers, like the layers of an onion: it sees the request before them and the outcome after,
 * may end early (with an output, or a failure), and may add to the context. Calls and streams are alike to it: around a
 * stream, `next` ends when the stream has ended, and gives nothing.
 *
 * `Needs` is the context that it reads, `Adds` what it adds for those further in; `E` and `R` are its own failures and
 * services beside those of whatever it stands around. A context that is added to is copied, so it should be a plain
 * object.
 */
import type { Effect } from "effect";
import type { HttpHeaders } from "./HttpMessage.ts";
import type { AnyRoute } from "./o.ts";

export type Middleware<Needs = unknown, Adds = unknown, E = never, R = never> = (
  request: MiddlewareRequest<Needs>,
  next: Next<Adds>,
) => Effect.Effect<unknown, E | InnerFailure, R>;

/** What is further in. The services that it needs are there. */
export type Next<Adds> = (...added: Added<Adds>) => Effect.Effect<unknown, InnerFailure>;

/** A failure of what is further in, of whatever type. */
export interface InnerFailure {
  readonly [innerFailure]: true;
}
declare const innerFailure: unique symbol;

/** `next` takes what is added, or nothing where nothing is. */
export type Added<Adds> = unknown extends Adds ? [] : [added: Adds];

export interface MiddlewareRequest<Context> {
  /** For instance `swarm/start`. */
  readonly path: string;
  readonly route: AnyRoute;
  /** Decoded. */
  readonly input: unknown;
  readonly context: Context;
  readonly lastEventId: string | undefined;
  /** Those of HTTP; there are none within the process. */
  readonly headers: HttpHeaders;
}

/** The first is outermost. */
export const compose =
  <Needs1, Adds1, E1, R1, Needs2, Adds2, E2, R2>(
    outer: Middleware<Needs1, Adds1, E1, R1>,
    inner: Middleware<Needs2, Adds2, E2, R2> & Provided<Adds1, Needs2>,
  ): Middleware<Needs1 & Without<Needs2, Adds1>, Adds1 & Adds2, E1 | E2, R1 | R2> =>
  (request, next) =>
    surround(outer, request, (...first) => {
      const both = (...second: ReadonlyArray<unknown>) =>
        (next as Next<unknown>)(
          ...((first.length + second.length === 0 ? [] : [extend(first[0], second)]) as []),
        );
      return inner({ ...request, context: extend(request.context, first) as Needs2 }, both);
    });

/** What `run` does, with the middleware around it. It can fail as both of them do, and needs what both need. */
export const surround = <Context, Adds, E, R, E2, R2>(
  middleware: Middleware<Context, Adds, E, R>,
  request: MiddlewareRequest<Context>,
  run: (...added: ReadonlyArray<unknown>) => Effect.Effect<unknown, E2, R2>,
): Effect.Effect<unknown, E | E2, R | R2> =>
  // That inner failures and services pass through as they are is for the types to say here, not in each middleware.
  (
    middleware as unknown as (
      request: unknown,
      next: typeof run,
    ) => ReturnType<typeof surround<Context, Adds, E, R, E2, R2>>
  )(request, run);

/** Nothing can be it where the context is wanted with another type than middleware adds. */
export type Provided<Adds, Context> =
  Pick<Adds, keyof Adds & keyof Context> extends Pick<Context, keyof Adds & keyof Context> ? unknown : never;

/** What of a context is left for the server to establish. */
export type Without<Context, Adds> = [keyof Adds & keyof Context] extends [never]
  ? Context
  : Omit<Context, keyof Adds>;

/** The context as it is, or a copy with what was added. */
export const extend = (context: unknown, added: ReadonlyArray<unknown>): unknown =>
  added.length === 0 ? context : { ...Object(context), ...Object(added[0]) };
