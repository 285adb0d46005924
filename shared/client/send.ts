/** One HTTP request to the daemon, with the caller's token; and what its answers mean. */
import type { IncomingMessage } from "node:http";
import { Result, Schema } from "effect";
import { AnyError, DaemonUnreachable, InternalError } from "../contract/errors.ts";
import { headers, PROTOCOL } from "../contract/protocol.ts";

// An import would evaluate every getter of the module, one of which loads a whole HTTP client: 40 milliseconds.
const { request: httpRequest } = process.getBuiltinModule("node:http");

/** For TLS, which is not used; left out, Node finds one, which takes 5 milliseconds the first time. */
const noServerName = { servername: "" };

export interface Address {
  readonly socket: string;
  readonly token: string;
  /** The trace that calls are part of (W3C). */
  readonly traceparent?: string | undefined;
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  readonly lastEventId?: string;
}

export const send = (
  address: Address,
  method: "GET" | "POST",
  path: string,
  body: string | undefined,
  options: SendOptions,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        socketPath: address.socket,
        // A kept connection would save a quarter of a millisecond. When the daemon it leads to is gone, a call that went
        // into it may have been done or not; one that finds nobody to connect to was not, and can be sent again.
        agent: false,
        ...noServerName,
        method,
        path,
        headers: {
          host: "localhost",
          [headers.protocol]: String(PROTOCOL),
          [headers.pid]: String(process.pid),
          ...(address.traceparent === undefined ? {} : { traceparent: address.traceparent }),
          ...(address.token === "" ? {} : { authorization: `Bearer ${address.token}` }),
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...(options.lastEventId === undefined ? {} : { "last-event-id": options.lastEventId }),
        },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (response) => {
        if (response.statusCode !== 503) return resolve(response);
        response.resume();
        reject(unreachable({ code: "it is stopping" }, false));
      },
    );
    outgoing.on("error", (cause: NodeJS.ErrnoException) =>
      reject(options.signal?.aborted === true ? cause : unreachable(cause, neverSent.has(cause.code ?? ""))),
    );
    outgoing.end(body);
  });

/** Nobody listened, or not to the end: the daemon begins nothing before it has a request whole. */
const neverSent = new Set(["ENOENT", "ECONNREFUSED", "EPIPE", "EAGAIN"]);
const unsent = new WeakSet<DaemonUnreachable>();

/** Nothing can have been done of what was asked, so it may be asked again. */
export const wasNotSent = (error: DaemonUnreachable): boolean => unsent.has(error);

export const unreachable = (
  cause: { readonly code?: string | undefined; readonly message?: string },
  notSent = false,
): DaemonUnreachable => {
  const error = new DaemonUnreachable({
    message: `The daemon went away (${cause.code ?? cause.message}). Run the command again; it starts a new one, and \`resume\` continues a swarm.`,
  });
  if (notSent) unsent.add(error);
  return error;
};

/** The text of an answer as it comes. Silence of more than `patience` milliseconds is a lost connection. */
export async function* textOf(response: IncomingMessage, patience?: number): AsyncGenerator<string> {
  response.setEncoding("utf8");
  const chunks: AsyncIterator<string> = response[Symbol.asyncIterator]();
  // Only while we wait: a reader of ours that is slow is no silence of the daemon's.
  const next = async () => {
    if (patience === undefined) return chunks.next();
    const silence = setTimeout(
      () => response.destroy(new Error(`silent for ${patience / 1000} seconds`)),
      patience,
    );
    try {
      return await chunks.next();
    } finally {
      clearTimeout(silence);
    }
  };
  try {
    for (;;) {
      const chunk = await next().catch((cause) => {
        throw unreachable(cause);
      });
      if (chunk.done === true) return;
      yield chunk.value;
    }
  } finally {
    response.destroy();
  }
}

export const readJson = async (response: IncomingMessage): Promise<unknown> => {
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
export const asError = (body: unknown): AnyError => {
  const decoded = decodeError(body);
  if (Result.isSuccess(decoded)) return decoded.success;
  const message = (body as { message?: unknown } | null)?.message;
  return new InternalError({
    message: typeof message === "string" ? message : JSON.stringify(body),
    reference: "",
  });
};
