/** Gives Effect's MCP server our tools. Each call asks whose it is, since one server may serve many sessions. */
import { Context, Effect, Layer } from "effect";
import { McpSchema, McpServer } from "effect/ai";
import { type McpSession, runTool } from "./runTool.ts";
import { inputSchema } from "./tool.ts";
import { tools } from "./tools.ts";

export const registerTools = (
  sessionOfCall: Effect.Effect<McpSession, never, McpSchema.McpRequestContext>,
): Layer.Layer<never, never, McpServer.McpServer> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const server = yield* McpServer.McpServer;
      for (const tool of tools) {
        yield* server.addTool({
          tool: new McpSchema.Tool({
            name: tool.name,
            title: tool.title,
            description: tool.description,
            inputSchema: inputSchema(tool),
            annotations: McpSchema.ToolAnnotations.make({
              readOnlyHint: tool.readOnly ?? false,
              openWorldHint: false,
            }),
          }),
          annotations: Context.empty(),
          handle: (given: unknown) =>
            Effect.flatMap(sessionOfCall, (session) =>
              Effect.map(
                Effect.promise((signal) => runTool(tool, given, session, signal)),
                (result) => new McpSchema.CallToolResult(result),
              ),
            ),
        });
      }
    }),
  );
