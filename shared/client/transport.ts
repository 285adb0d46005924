/** Carries requests to the daemon: HTTP over its socket, with the caller's token on each. */
import { request as httpRequest, type IncomingMessage } from "node:http";
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
  call: async (path, input, options) => {
    const response = await send(address, "POST", `/api/${path}`, JSON.stringify(input), options);
    const body = await readJson(response);
    if (response.statusCode === 200) return body;
    throw asError(body);
  },
  stream: (path, input, options) => frames(address, path, input, options),
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

async function* frames(
  address: Address,
  path: string,
  input: unknown,
  options: StreamOptions,
): AsyncGenerator<Received<unknown>> {
  const query = new URLSearchParams({ input: JSON.stringify(input) });
  const response = await send(address, "GET", `/api/${path}?${query}`, undefined, options);
  if (response.statusCode !== 200) throw asError(await readJson(response));
  const ready: Array<Sse.Event> = [];
  const parser = Sse.makeParser((event) => {
    if (event._tag === "Event") ready.push(event);
  });
  response.setEncoding("utf8");
  try {
    for await (const chunk of response) {
      parser.feed(chunk);
      for (const event of ready.splice(0)) {
        if (event.event === "end") return;
        const data: unknown = event.data === "" ? undefined : JSON.parse(event.data);
        if (event.event === "error") throw asError(data);
        if (data !== undefined) yield { id: event.id, data };
      }
    }
  } catch (cause) {
    if (options.signal?.aborted === true) return;
    throw (cause as { code?: string }).code === "ECONNRESET"
      ? unreachable(cause as NodeJS.ErrnoException)
      : cause;
  }
  throw unreachable(new Error("the stream ended early"));
}

const readJson = async (response: IncomingMessage): Promise<unknown> => {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += chunk;
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
