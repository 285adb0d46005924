/**
 * Calls routes within the process, as the same functions that a client has: inputs and outputs go through their
 * schemas as they would over the wire, and errors are the handlers' own.
 */
import { Cause, Effect, Exit, Schema, type Context as Services, Stream } from "effect";
import { type Client, createClient, type Transport } from "./createClient.ts";
import type { RouterTable } from "./createRouter.ts";
import type { BoundRoute, Frame } from "./implement.ts";

export interface CallerOptions<Context, E, R> {
  readonly routes: ReadonlyArray<BoundRoute<Context, E, R>>;
  readonly services: Services.Context<R>;
  /** In whose name the calls are made. */
  readonly context: Context;
}

export const createCaller = <Table extends RouterTable, Context, E, R>(
  table: Table,
  options: CallerOptions<Context, E, R>,
): Client<Table> => {
  const byPath = new Map(options.routes.map((bound) => [bound.path, bound]));
  const run = (path: string, encoded: unknown, lastEventId: string | undefined, signal: AbortSignal) => {
    const bound = byPath.get(path);
    if (bound === undefined) throw new Error(`The route ${path} has no handler.`);
    const input = Schema.decodeUnknownSync(bound.route.input)(encoded);
    const result = bound.handle({ input, context: options.context, lastEventId, signal });
    return { result, encode: Schema.encodeUnknownSync(bound.route.output) };
  };
  const transport: Transport = {
    call: async ({ path }, input, { signal = new AbortController().signal }) => {
      const { result, encode } = run(path, input, undefined, signal);
      const exit = await Effect.runPromiseExit(
        Effect.provideContext(result as Effect.Effect<unknown, E, R>, options.services),
        { signal },
      );
      if (Exit.isSuccess(exit)) return encode(exit.value);
      throw Cause.squash(exit.cause);
    },
    async *stream({ path }, input, { lastEventId, onReset, signal = new AbortController().signal }) {
      const { result, encode } = run(path, input, lastEventId, signal);
      const stream = result as Stream.Stream<Frame<unknown>, E, R>;
      const frames = Stream.toReadableStreamWith(stream, options.services, { signal });
      for await (const { id, data, reset } of frames) {
        if (reset === true) {
          if (onReset === undefined) throw new Error(`The stream ${path} was started anew by its handler.`);
          onReset();
        }
        if (data !== undefined) yield { id, data: encode(data) };
      }
    },
    unreadable: (path, detail) => new Error(`The output of ${path} is not valid: ${detail}`),
  };
  return createClient(table, transport);
};
