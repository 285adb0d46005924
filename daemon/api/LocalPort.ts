/**
 * A port of 127.0.0.1 beside the daemon's socket, for clients that can't reach a socket: a browser, a tunnel. It is
 * open for as long as somebody asks for it (`daemon.listen`), takes the same tokens, and is never open by itself.
 */
import { Context, Effect, Layer, type Scope } from "effect";
import { InvalidInput, NotNow } from "../../shared/contract/errors.ts";
import type { Answer } from "./dispatch.ts";
import { serveAt } from "./listen.ts";

/** Below are the system's own. */
const lowest = 1024;

export class LocalPort extends Context.Service<
  LocalPort,
  {
    /** Gives what answers requests; it needs the routes, and one of these opens the port. */
    readonly serveWith: (answer: Answer) => void;
    /** Listens until the scope ends, and answers the port. Without one given the system chooses. */
    readonly open: (port: number | undefined) => Effect.Effect<number, InvalidInput | NotNow, Scope.Scope>;
    /** Requests under way on all such ports. */
    readonly clients: () => number;
  }
>()("opencode-vibe/api/LocalPort") {
  static readonly layer = Layer.sync(LocalPort, () => {
    let answer: Answer | undefined;
    const counts = new Set<() => number>();
    return LocalPort.of({
      serveWith: (given) => {
        answer = given;
      },
      open: Effect.fn("LocalPort.open")(function* (wanted) {
        if (wanted !== undefined && wanted < lowest) {
          return yield* new InvalidInput({
            message: `Port ${wanted} is one of the system's own. Choose one from ${lowest} to 65535, or none.`,
          });
        }
        if (answer === undefined) {
          return yield* new NotNow({
            message: "The daemon does not listen itself yet. Try again in a moment.",
          });
        }
        const { port, clients } = yield* serveAt({ host: "127.0.0.1", port: wanted ?? 0 }, answer).pipe(
          Effect.mapError((cause) => new NotNow({ message: whyNot(cause, wanted) })),
        );
        yield* Effect.acquireRelease(
          Effect.sync(() => counts.add(clients)),
          () => Effect.sync(() => counts.delete(clients)),
        );
        return port ?? 0;
      }),
      clients: () => [...counts].reduce((sum, count) => sum + count(), 0),
    });
  });
}

const whyNot = (cause: NodeJS.ErrnoException, port: number | undefined): string =>
  cause.code === "EADDRINUSE"
    ? `Port ${port} of 127.0.0.1 is taken by another program. Choose another, or none.`
    : `The daemon can't listen on ${port === undefined ? "any port" : `port ${port}`} of 127.0.0.1: ${cause.message}`;
