/** The versions of MCP that we speak, the one first that a client is offered which asks for none of them. */
import { McpProtocol } from "effect/ai";

export const protocols = [
  McpProtocol.v2025_11_25,
  McpProtocol.v2026_07_28,
  McpProtocol.v2025_06_18,
  McpProtocol.v2025_03_26,
  McpProtocol.v2024_11_05,
] as const;
