/** The daemon's HTTP server on its socket: bridges Node's requests to the web's, and counts who is connected. */
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { Effect } from "effect";
import { FileSystemError } from "../../shared/contract/errors.ts";
import { fileSystem } from "../platform/fileSystem.ts";

export interface Listening {
  /** Requests under way, streams included. */
  readonly clients: () => number;
}

/** How long requests under way may take to end when the daemon does. */
const grace = 5000;

/**
 * Serves until the scope ends. Then no new request is taken, streams are cut, and other requests may end within
 * five seconds.
 */
export const listen = Effect.fn("listen")(function* (options: {
  readonly socket: string;
  readonly handler: (request: Request, signal: AbortSignal) => Promise<Response>;
}) {
  const { socket, handler } = options;
  const runFork = Effect.runForkWith(yield* Effect.context<never>());
  if (process.platform !== "win32") yield* prepareSocket(socket);
  const underWay = new Set<ServerResponse>();
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (incoming, outgoing) => {
    if (incoming.url === "/healthz") return void outgoing.writeHead(200).end("ok");
    underWay.add(outgoing);
    outgoing.on("close", () => underWay.delete(outgoing));
    answer(handler, incoming, outgoing).catch((cause) => {
      outgoing.destroy();
      runFork(Effect.logError("a request could not be answered", cause));
    });
  });
  yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        new Promise<void>((resolve, reject) => {
          server.on("error", (cause) => {
            reject(cause);
            // Later ones are failures to accept a connection, for instance because too many files are open.
            if (server.listening) runFork(Effect.logError("a connection could not be accepted", cause));
          });
          server.listen(socket, resolve);
        }),
      catch: (cause) =>
        new FileSystemError({
          message: `The daemon can't listen on ${socket}: ${cause instanceof Error ? cause.message : String(cause)}`,
          path: socket,
          code: "LISTEN",
        }),
    }),
    () =>
      Effect.promise(async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        for (const outgoing of underWay) {
          if (isStream(outgoing)) outgoing.destroy();
          outgoing.shouldKeepAlive = false;
        }
        const cut = setTimeout(() => server.closeAllConnections(), grace);
        await closed;
        clearTimeout(cut);
      }),
  );
  if (process.platform !== "win32") yield* fileSystem(socket, () => chmod(socket, 0o600));
  const listening: Listening = { clients: () => underWay.size };
  return listening;
});

const isStream = (outgoing: ServerResponse) => outgoing.getHeader("content-type") === "text/event-stream";

/** A folder that only this user can enter; we hold the daemon's lock, so a socket that is there is a dead one's. */
const prepareSocket = Effect.fnUntraced(function* (socket: string) {
  const folder = dirname(socket);
  yield* fileSystem(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  const info = yield* fileSystem(folder, () => lstat(folder));
  if (!info.isDirectory() || info.uid !== process.getuid?.() || (info.mode & 0o077) !== 0) {
    return yield* new FileSystemError({
      message: `${folder} is not a folder that this user alone can enter, so the daemon does not listen there. Remove it, or set XDG_RUNTIME_DIR.`,
      path: folder,
      code: "UNSAFE_FOLDER",
    });
  }
  yield* fileSystem(socket, () => rm(socket, { force: true }));
});

const answer = async (
  handler: (request: Request, signal: AbortSignal) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) => {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const request = asRequest(incoming);
  const response = request === undefined ? notUnderstood(incoming) : await handler(request, gone.signal);
  // A set of headers instead of writeHead, so that the kind of answer can be asked for later.
  outgoing.statusCode = response.status;
  outgoing.setHeaders(response.headers);
  if (response.body === null) return void outgoing.end();
  outgoing.flushHeaders();
  // A reader that goes away is no fault of the server's: the stream's fiber is interrupted through the signal.
  await pipeline(Readable.fromWeb(response.body as NodeReadableStream), outgoing).catch(() => gone.abort());
};

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
