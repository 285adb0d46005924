/** Bridges a request of Node's HTTP server to what the routes read, and their answer to Node's. */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type HttpAnswer,
  type HttpHeaders,
  type HttpRequest,
  jsonAnswer,
} from "../../shared/router/HttpMessage.ts";
import type { Answer } from "./dispatch.ts";

export const answerRequest = async (
  handler: Answer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> => {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  outgoing.on("error", () => gone.abort());
  const request = asRequest(incoming);
  const answer = request === undefined ? notUnderstood(incoming) : await handler(request, gone.signal);
  // A set of headers instead of writeHead, so that the kind of answer can be asked for later.
  outgoing.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) outgoing.setHeader(name, value);
  if (answer.body === null || typeof answer.body === "string") {
    const text = answer.body ?? "";
    if (incoming.complete) return void outgoing.end(text);
    outgoing.setHeader("content-length", Buffer.byteLength(text));
    outgoing.write(text);
    await readAway(incoming);
    return void outgoing.end();
  }
  if (isStream(outgoing)) outgoing.flushHeaders();
  // A reader that goes away is no fault of the server's: the stream's fiber is interrupted through the signal.
  await send(answer.body, outgoing, gone.signal).catch(() => outgoing.destroy());
};

/** Bytes. Who sends more does not listen. */
const mostRead = 256 * 1024 * 1024;

/** A connection that is closed on unread bytes takes the answer away from a client that is still sending. */
const readAway = (incoming: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    if (incoming.destroyed) return resolve();
    let left = mostRead;
    incoming.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) resolve();
    });
    incoming.on("close", resolve);
  });

/**
 * Reads on only when what was read has room, so that a slow reader costs no memory. By hand, since Node's own
 * `Readable.fromWeb` takes a sixth of all that a frame costs.
 */
const send = async (body: ReadableStream<Uint8Array>, outgoing: ServerResponse, gone: AbortSignal) => {
  const reader = body.getReader();
  let goOn: () => void = () => undefined;
  outgoing.on("drain", () => goOn());
  gone.addEventListener("abort", () => goOn());
  while (!gone.aborted) {
    const { done, value } = await reader.read();
    if (done) return void outgoing.end();
    if (outgoing.write(value) || gone.aborted) continue;
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
  }
};

export const isStream = (outgoing: ServerResponse): boolean =>
  outgoing.getHeader("content-type") === "text/event-stream";

/** Undefined for what HTTP allows and nothing here takes, for instance the method TRACE, or no path at all. */
const asRequest = (incoming: IncomingMessage): HttpRequest | undefined => {
  const { method = "GET", url: path = "/" } = incoming;
  const url = `http://localhost${path}`;
  if (!taken.has(method) || !URL.canParse(url)) return undefined;
  const hasBody = method !== "GET" && method !== "HEAD";
  return { method, url, headers: headersOf(incoming), body: hasBody ? incoming : null };
};

/** What comes with another one is told that it is the wrong one. */
const taken = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const headersOf = ({ headers }: IncomingMessage): HttpHeaders => {
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(", ") : (value ?? null);
  };
  return {
    get,
    has: (name) => name.toLowerCase() in headers,
    *[Symbol.iterator]() {
      for (const name of Object.keys(headers)) yield [name, get(name) ?? ""] as const;
    },
  };
};

const notUnderstood = (incoming: IncomingMessage): HttpAnswer =>
  jsonAnswer(
    {
      _tag: "InvalidInput",
      message: `${incoming.method} ${incoming.url?.slice(0, 100)} is no request that the daemon takes.`,
    },
    400,
  );
