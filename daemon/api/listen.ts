/** The daemon's HTTP server: on its socket, and on a port of this machine when it is asked to. */
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";
import { dirname } from "node:path";
import { Effect } from "effect";
import { type AnyError, FileSystemError } from "../../shared/contract/errors.ts";
import { PROTOCOL } from "../../shared/contract/protocol.ts";
import { version } from "../../shared/contract/version.ts";
import { fileSystem } from "../platform/fileSystem.ts";
import { answerRequest, isStream } from "./answerRequest.ts";
import type { Answer } from "./dispatch.ts";
import { refuseForeign } from "./refuseForeign.ts";
import { refuseUnread } from "./refuseUnread.ts";

// An import would evaluate every getter of the module, one of which loads a whole HTTP client: 40 milliseconds.
const { createServer } = process.getBuiltinModule("node:http");

export interface Listening {
  /** Requests under way, streams included. */
  readonly clients: () => number;
}

/** Connections that may wait to be accepted; beyond it a socket refuses them (the system may allow fewer). */
const backlog = 4096;
/** How long requests under way may take to end when the daemon does. */
const grace = 5000;
/** Milliseconds that a sender may take over its headers, and over all of a request. */
const patience = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 };

/** What anybody may know: that this is a daemon of ours, and which. */
const health = JSON.stringify({ status: "ok", role: "vibe-daemon", version, protocol: PROTOCOL });

/**
 * Serves on the socket until the scope ends. Then no new request is taken, streams are cut, and other requests may
 * end within five seconds.
 */
export const listen = Effect.fn("listen")(function* (options: {
  readonly socket: string;
  readonly handler: Answer;
}) {
  const { socket, handler } = options;
  if (process.platform !== "win32") yield* prepareSocket(socket);
  const { clients } = yield* serveAt({ path: socket }, handler).pipe(
    Effect.mapError(
      (cause) =>
        new FileSystemError({
          message: `The daemon can't listen on ${socket}: ${cause.message}`,
          path: socket,
          code: "LISTEN",
        }),
    ),
  );
  if (process.platform !== "win32") yield* fileSystem(socket, () => chmod(socket, 0o600));
  const listening: Listening = { clients };
  return listening;
});

/** Fails with Node's own error. */
export const serveAt = Effect.fnUntraced(function* (at: ListenOptions, handler: Answer) {
  const runFork = Effect.runForkWith(yield* Effect.context<never>());
  const underWay = new Set<ServerResponse>();
  let port: number | undefined;
  const server = createServer(patience, (incoming, outgoing) => {
    const refusal = refuseForeign(incoming.headers, port);
    if (refusal !== undefined) return refuse(outgoing, 403, "NotAllowed", refusal);
    if (incoming.url === "/healthz") {
      return void outgoing.writeHead(200, { "content-type": "application/json" }).end(health);
    }
    underWay.add(outgoing);
    outgoing.on("close", () => underWay.delete(outgoing));
    answerRequest(handler, incoming, outgoing).catch((cause) => {
      outgoing.destroy();
      runFork(Effect.logError("a request could not be answered", cause));
    });
  });
  server.on("checkExpectation", (_, outgoing) =>
    refuse(outgoing, 417, "InvalidInput", "The request's header `expect` asks for what is not done here."),
  );
  server.on("clientError", (cause, connection) => {
    const answering = [...underWay].some(({ socket, headersSent }) => socket === connection && headersSent);
    refuseUnread(cause, connection, answering);
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
          server.listen({ ...at, backlog }, resolve);
        }),
      catch: (cause) => cause as NodeJS.ErrnoException,
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
  const address = server.address();
  port = typeof address === "object" ? (address as AddressInfo | null)?.port : undefined;
  return { port, clients: () => underWay.size };
});

/** Its body, if it has one, is not waited for. */
const refuse = (outgoing: ServerResponse, status: number, tag: AnyError["_tag"], message: string): void => {
  outgoing.writeHead(status, { "content-type": "application/json", connection: "close" });
  outgoing.end(JSON.stringify({ _tag: tag, message }));
};

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
