/** The daemon's HTTP server on its socket: bridges Node's requests to the web's, and counts who is connected. */
import { chmod, mkdir, rm, stat } from "node:fs/promises";
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

/** Serves until the scope ends; then no new request is taken and streams are closed. */
export const listen = Effect.fn("listen")(function* (options: {
  readonly socket: string;
  readonly handler: (request: Request) => Promise<Response>;
}) {
  const { socket, handler } = options;
  if (process.platform !== "win32") yield* prepareSocket(socket);
  let clients = 0;
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (incoming, outgoing) => {
    if (incoming.url === "/healthz") return void outgoing.writeHead(200).end("ok");
    clients++;
    outgoing.on("close", () => clients--);
    return void answer(handler, incoming, outgoing);
  });
  yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        new Promise<void>((resolve, reject) => {
          server.once("error", reject);
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
        server.closeAllConnections();
        await closed;
      }),
  );
  if (process.platform !== "win32") yield* fileSystem(socket, () => chmod(socket, 0o600));
  const listening: Listening = { clients: () => clients };
  return listening;
});

/** A folder that only this user can enter; we hold the daemon's lock, so a socket that is there is a dead one's. */
const prepareSocket = Effect.fnUntraced(function* (socket: string) {
  const folder = dirname(socket);
  yield* fileSystem(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  const info = yield* fileSystem(folder, () => stat(folder));
  if (info.uid !== process.getuid?.() || (info.mode & 0o077) !== 0) {
    return yield* new FileSystemError({
      message: `${folder} can be entered by other users, so the daemon does not listen there. Remove it, or set XDG_RUNTIME_DIR.`,
      path: folder,
      code: "UNSAFE_FOLDER",
    });
  }
  yield* fileSystem(socket, () => rm(socket, { force: true }));
});

const answer = async (
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
) => {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const hasBody = incoming.method !== "GET" && incoming.method !== "HEAD";
  const request = new Request(`http://localhost${incoming.url ?? "/"}`, {
    method: incoming.method ?? "GET",
    headers: Object.entries(incoming.headers).flatMap(([name, value]): Array<[string, string]> =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
    signal: gone.signal,
    ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" } : {}),
  } as RequestInit);
  const response = await handler(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) return void outgoing.end();
  outgoing.flushHeaders();
  // A reader that goes away is no fault of the server's: the stream's fiber is interrupted through the signal.
  await pipeline(Readable.fromWeb(response.body as NodeReadableStream), outgoing).catch(() => gone.abort());
};
