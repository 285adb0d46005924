/**
 * The MCP server behind `/mcp`, as a function of web requests. It is loaded at the first of them, since most daemons
 * never see one.
 */
import { Effect, Layer, Option } from "effect";
import { McpServer } from "effect/ai";
import { HttpRouter, HttpServer, HttpServerRequest } from "effect/http";
import { version } from "../../../shared/contract/version.ts";
import { protocols } from "../../../shared/mcp/protocols.ts";
import { registerTools } from "../../../shared/mcp/registerTools.ts";
import type { McpSession } from "../../../shared/mcp/runTool.ts";
import { instructions } from "../../../shared/mcp/tools.ts";

/** `sessionOf` gives the session of a request that was passed to the answer. */
export const startMcpServer = (sessionOf: (request: object) => McpSession) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => HttpRouter.toWebHandler(serverOf(sessionOf), { disableLogger: true })),
      ({ dispose }) => Effect.promise(dispose),
    ),
    ({ handler }) => handler,
  );

const serverOf = (sessionOf: (request: object) => McpSession) =>
  McpServer.layerHttp({
    name: "opencode-vibe",
    version,
    instructions,
    path: "/mcp",
    protocols,
    allowSessionTermination: true,
    // Nothing of ours ever changes in the list of tools.
    allowSubscriptions: false,
    registrations: registerTools(sessionOfCall(sessionOf)),
  }).pipe(Layer.provide(HttpServer.layerServices));

const sessionOfCall = (sessionOf: (request: object) => McpSession) =>
  Effect.map(Effect.serviceOption(HttpServerRequest.HttpServerRequest), (request) =>
    sessionOf(Option.getOrThrow(request).source),
  );
