/** Bridges a request of Node's HTTP server to the web's `Request` and `Response`, which the router speaks. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
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
  const response = request === undefined ? notUnderstood(incoming) : await handler(request, gone.signal);
  // A set of headers instead of writeHead, so that the kind of answer can be asked for later.
  outgoing.statusCode = response.status;
  outgoing.setHeaders(response.headers);
  if (response.body === null) return void outgoing.end();
  if (!isStream(outgoing)) return void outgoing.end(new Uint8Array(await response.arrayBuffer()));
  outgoing.flushHeaders();
  // A reader that goes away is no fault of the server's: the stream's fiber is interrupted through the signal.
  await send(response.body, outgoing, gone.signal).catch(() => outgoing.destroy());
};

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

/** Undefined for what HTTP allows and the web's `Request` does not, for instance the method TRACE. */
const asRequest = (incoming: IncomingMessage): Request | undefined => {
  const { method = "GET", url = "/" } = incoming;
  const headers = Object.entries(incoming.headers).flatMap(
    ([name, value]): Array<[string, string]> =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
  );
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" } : {};
  try {
    return new Request(`http://localhost${url}`, { method, headers, ...body } as RequestInit);
  } catch {
    return undefined;
  }
};

const notUnderstood = (incoming: IncomingMessage) =>
  Response.json(
    {
      _tag: "InvalidInput",
      message: `${incoming.method} ${incoming.url?.slice(0, 100)} is no request that the daemon takes.`,
    },
    { status: 400 },
  );
