/** `ocvibe mcp`: started by a coding agent's harness, never by hand. See docs/mcp.md. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { openSession } from "../openSession.ts";

export const mcp = Command.make(
  "mcp",
  {},
  Effect.fn("mcp")(function* () {
    const { project } = yield* openSession;
    // No other command needs the server, and loading it takes a while.
    const { serveStdio } = yield* Effect.promise(() => import("../mcp/serveStdio.ts"));
    yield* serveStdio(project);
  }),
).pipe(Command.withDescription("Serve tools to a coding agent by MCP, on standard input and output"));
