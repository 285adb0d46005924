/** `ocvibe mcp`: serves our tools on standard input and output until the input ends. */
import { Cause, Effect, Exit, Fiber, Layer, Logger } from "effect";
import { McpSchema, McpServer } from "effect/ai";
import { version } from "../../../shared/contract/version.ts";
import { protocols } from "../../../shared/mcp/protocols.ts";
import { registerTools } from "../../../shared/mcp/registerTools.ts";
import { instructions } from "../../../shared/mcp/tools.ts";
import { bridgeSession } from "./bridgeSession.ts";
import { lineStdio } from "./lineStdio.ts";

export const serveStdio = (project: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const session = bridgeSession({ project, environment: process.env });
    const server = McpServer.layerStdio({
      name: "opencode-vibe",
      version,
      instructions,
      protocols,
      registrations: registerTools(
        Effect.map(McpSchema.McpRequestContext, ({ clientInfo }) => session.of(clientInfo?.name)),
      ),
    });
    const close = Effect.ignore(
      Effect.tryPromise(() => session.close()),
      { log: "Debug" },
    );
    // A fiber of its own, since the server interrupts the one it runs in when its input has ended.
    const running = yield* Layer.launch(server).pipe(
      Effect.provide(lineStdio),
      Effect.provide(Layer.succeed(Logger.LogToStderr, true)),
      Effect.orDie,
      Effect.forkChild,
    );
    const exit = yield* Effect.ensuring(Fiber.await(running), close);
    if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) yield* Effect.failCause(exit.cause);
  });
