/**
 * Carries requests to the daemon: HTTP over its socket, with the caller's token on each. A stream whose frames
 * have ids goes on by itself, after the last id, when the connection is lost and the daemon is there again soon.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Result, Schema } from "effect";
import { Sse } from "effect/encoding";
import { AnyError, DaemonUnreachable, InternalError } from "../contract/errors.ts";
import { headers, PROTOCOL } from "../contract/protocol.ts";
import type { Received, StreamOptions, Transport } from "../router/createClient.ts";

export interface Address {
  readonly socket: string;
  readonly token: string;
}

export const socketTransport = (address: Address): Transport => ({
  call: async ({ path }, input, options) => {
    const response = await send(address, "POST", `/api/${path}`, JSON.stringify(input), options);
    const body = await readJson(response);
    if (response.statusCode === 200) return body;
    throw asError(body);
  },
  stream: ({ path }, input, options) => frames(address, path, input, options),
  unreadable: (path, detail) =>
    new InternalError({
      message: `The daemon's answer to ${path} is not what this version expects (${detail}). \`daemon stop\` lets the next command start one of this version.`,
      reference: "",
    }),
});

/** Answers when a daemon listens and takes requests. */
export const isHealthy = async (socket: string): Promise<boolean> => {
  try {
    const response = await send({ socket, token: "" }, "GET", "/healthz", undefined, {
      signal: AbortSignal.timeout(2000),
    });
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
};

const send = (
  address: Address,
  method: string,
  path: string,
  body: string | undefined,
  options: StreamOptions,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        socketPath: address.socket,
        // A connection that is kept would outlive the daemon it leads to.
        agent: false,
        method,
        path,
        headers: {
          host: "localhost",
          [headers.protocol]: String(PROTOCOL),
          [headers.pid]: String(process.pid),
          ...(address.token === "" ? {} : { authorization: `Bearer ${address.token}` }),
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...(options.lastEventId === undefined ? {} : { "last-event-id": options.lastEventId }),
        },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      resolve,
    );
    outgoing.on("error", (cause: NodeJS.ErrnoException) =>
      reject(options.signal?.aborted === true ? cause : unreachable(cause)),
    );
    outgoing.end(body);
  });

const unreachable = (cause: NodeJS.ErrnoException) =>
  new DaemonUnreachable({
    message: `The daemon went away (${cause.code ?? cause.message}). Run the command again; it starts a new one, and \`resume\` continues a swarm.`,
  });

/** Milliseconds between attempts to take up a stream again. */
const pauses = [20, 100, 500, 1000, 2000];

async function* frames(
  address: Address,
  path: string,
  input: unknown,
  options: StreamOptions,
): AsyncGenerator<Received<unknown>> {
  let position = options.lastEventId;
  let resumable = false;
  let failures = 0;
  for (;;) {
    try {
      const from = position === undefined ? options : { ...options, lastEventId: position };
      for await (const frame of connection(address, path, input, from)) {
        failures = 0;
        if (frame.id !== undefined) {
          resumable = true;
          position = frame.id;
        }
        if (frame.data !== undefined) yield frame;
      }
      return;
    } catch (cause) {
      if (options.signal?.aborted === true) return;
      const pause = pauses[failures++];
      if (!(cause instanceof DaemonUnreachable) || !resumable || pause === undefined) throw cause;
      await sleep(pause);
    }
  }
}

/** The frames of one connection; a lost one is `DaemonUnreachable`. */
async function* connection(
  address: Address,
  path: string,
  input: unknown,
  options: StreamOptions,
): AsyncGenerator<Received<unknown>> {
  const query = new URLSearchParams({ input: JSON.stringify(input) });
  const response = await send(address, "GET", `/api/${path}?${query}`, undefined, options);
  if (response.statusCode !== 200) throw asError(await readJson(response));
  const ready: Array<Sse.Event> = [];
  const parser = Sse.makeParser(
    (event) => {
      if (event._tag === "Event") ready.push(event);
    },
    { dispatchEmptyNamedEvents: true },
  );
  for await (const chunk of textOf(response)) {
    const tooLarge = parser.feed(chunk);
    for (const event of ready.splice(0)) {
      if (event.event === "end") return;
      const data: unknown = event.data === "" ? undefined : JSON.parse(event.data);
      if (event.event === "error") throw asError(data);
      yield { id: event.id, data };
    }
    if (tooLarge !== undefined) throw new InternalError({ message: tooLarge.message, reference: "" });
  }
  throw unreachable(new Error("the stream ended early"));
}

/** The text of an answer as it comes. */
async function* textOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding("utf8");
  const chunks: AsyncIterator<string> = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((cause) => {
        throw unreachable(cause);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    response.destroy();
  }
}

const readJson = async (response: IncomingMessage): Promise<unknown> => {
  let text = "";
  for await (const chunk of textOf(response)) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    return {
      _tag: "InternalError",
      message: `The daemon answered what is not JSON: ${text.slice(0, 200)}`,
      reference: "",
    };
  }
};

const decodeError = Schema.decodeUnknownResult(AnyError);

/** The tagged error that the daemon sent; one that this version does not know keeps its sentence. */
const asError = (body: unknown): AnyError => {
  const decoded = decodeError(body);
  if (Result.isSuccess(decoded)) return decoded.success;
  const message = (body as { message?: unknown } | null)?.message;
  return new InternalError({
    message: typeof message === "string" ? message : JSON.stringify(body),
    reference: "",
  });
};
