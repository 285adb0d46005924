/**
 * What a handler is given and what it gives: an Effect, or a stream of frames for a streaming route. A plain async
 * function or generator does as well.
 */
import type { Effect, Stream } from "effect";

export interface HandlerRequest<Input, Context> {
  readonly input: Input;
  /** Who calls, as the server established it, with what middleware added. */
  readonly context: Context;
  /** The id of the last frame that a reconnecting client has. */
  readonly lastEventId: string | undefined;
  /** Aborts when nobody waits for the answer any more. Effects and streams need it not: they are interrupted. */
  readonly signal: AbortSignal;
}

/** One element of a stream. Without `data` it only moves the client's position on. */
export interface Frame<Output> {
  readonly id?: string;
  readonly data?: Output;
  /** What was told before is void; what follows starts anew. */
  readonly reset?: true;
}

export type RouteHandler<Input, Output, Streams extends boolean, Context, E, R> = (
  request: HandlerRequest<Input, Context>,
) => true extends Streams
  ? Stream.Stream<Frame<Output>, E, R> | AsyncIterable<Frame<Output>>
  : Effect.Effect<Output, E, R> | Promise<Output>;

/** Any of them, for code that has looked the route up by its path. */
export type AnyHandler<Context, E, R> = (request: HandlerRequest<never, Context>) => Answer<E, R>;

export type Answer<E, R> =
  | Effect.Effect<unknown, E, R>
  | Promise<unknown>
  | Stream.Stream<Frame<unknown>, E, R>
  | AsyncIterable<Frame<unknown>>;

/** What async code throws has no type; whatever the server does not know as its own error, it takes for a defect. */
export const thrown = <E>(cause: unknown) => cause as E;
