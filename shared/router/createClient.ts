/** A client typed by a contract: every route is a function of its input; a streaming route gives an async iterable. */
import { Result, Schema } from "effect";
import { isRoute, type RouterTable } from "./createRouter.ts";
import type { AnyRoute, RouteContract } from "./o.ts";

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface StreamOptions extends CallOptions {
  /** Continue after this frame. */
  readonly lastEventId?: string;
  /** Called when what was received is void and the stream starts anew. Without it that is an error. */
  readonly onReset?: () => void;
}

/** One output of a stream with the id of its frame. */
export interface Received<Output> {
  readonly id: string | undefined;
  readonly data: Output;
}

/** The route that is asked, and its place: `swarm/start`. */
export interface Target {
  readonly path: string;
  readonly route: AnyRoute;
}

/** How requests travel. Both fail with the tagged error that the server answered. */
export interface Transport {
  readonly call: (target: Target, input: unknown, options: CallOptions) => Promise<unknown>;
  /** Calls `onReset`, or fails, when the server starts the stream anew. */
  readonly stream: (
    target: Target,
    input: unknown,
    options: StreamOptions,
  ) => AsyncIterable<Received<unknown>>;
  /** The error for an answer that is not what the contract says. */
  readonly unreadable: (path: string, detail: string) => Error;
}

export type Client<Table extends RouterTable> = {
  readonly [Name in keyof Table]: Table[Name] extends RouteContract<infer Input, infer Output, infer Streams>
    ? true extends Streams
      ? (input: Input, options?: StreamOptions) => AsyncIterable<Received<Output>>
      : (input: Input, options?: CallOptions) => Promise<Output>
    : Table[Name] extends RouterTable
      ? Client<Table[Name]>
      : never;
};

export const createClient = <Table extends RouterTable>(table: Table, transport: Transport): Client<Table> =>
  build(table, transport, "") as Client<Table>;

const build = (table: RouterTable, transport: Transport, prefix: string): unknown =>
  Object.fromEntries(
    Object.entries(table).map(([name, entry]) => [
      name,
      isRoute(entry)
        ? bind(entry, transport, `${prefix}${name}`)
        : build(entry, transport, `${prefix}${name}/`),
    ]),
  );

const bind = (route: AnyRoute, transport: Transport, path: string) => {
  const encodeInput = Schema.encodeUnknownResult(route.input);
  const decodeOutput = Schema.decodeUnknownResult(route.output);
  // An input that can't be encoded goes as it is: the server says what is wrong with it, in its own terms.
  const encode = (input: unknown) => Result.getOrElse(encodeInput(input), () => input);
  const decode = (output: unknown) =>
    Result.getOrThrowWith(decodeOutput(output), (error) => transport.unreadable(path, error.message));
  if (!route.stream) {
    return async (input: unknown, options: CallOptions = {}) =>
      decode(await transport.call({ path, route }, encode(input), options));
  }
  return async function* (input: unknown, options: StreamOptions = {}) {
    for await (const { id, data } of transport.stream({ path, route }, encode(input), options))
      yield { id, data: decode(data) };
  };
};
