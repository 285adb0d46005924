/** Connections to our MCP servers by the official SDK's client, as a harness makes them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { programs, type Sandbox } from "../support/sandbox.ts";

export interface Answer {
  readonly text: string;
  readonly isError: boolean;
  readonly data: Readonly<Record<string, unknown>>;
  /** The tag of an error. */
  readonly tag: string | undefined;
}

export interface Connection extends AsyncDisposable {
  readonly client: Client;
  readonly call: (
    tool: string,
    given?: Record<string, unknown>,
    options?: { readonly signal?: AbortSignal },
  ) => Promise<Answer>;
  /** Ends the session of one over HTTP. */
  readonly terminate: () => Promise<void>;
}

/** "auto" asks for the newest version, which has no sessions; "legacy" begins with initialize. */
export type Mode = "auto" | "legacy";

const connected = async (
  transport: StdioClientTransport | StreamableHTTPClientTransport,
  name: string,
  mode: Mode,
): Promise<Connection> => {
  const client = new Client({ name, version: "1.0.0" }, { versionNegotiation: { mode } });
  await client.connect(transport);
  return {
    client,
    call: async (tool, given = {}, options) => {
      const result = await client.callTool({ name: tool, arguments: given }, options);
      const [content] = result.content;
      const data = { ...(result.structuredContent as Record<string, unknown> | undefined) };
      return {
        text: content?.type === "text" ? content.text : "",
        isError: result.isError === true,
        data,
        tag: (data.error as { readonly tag?: string } | undefined)?.tag,
      };
    },
    terminate: async () => {
      if ("terminateSession" in transport) await transport.terminateSession();
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
};

export interface StdioOptions {
  readonly name?: string;
  readonly mode?: Mode;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** `ocvibe mcp` as a child of this process. */
export const overStdio = (sandbox: Sandbox, options: StdioOptions = {}): Promise<Connection> => {
  // What this process itself has is not the child's: a test may run within an agent.
  const { OCVIBE_AGENT_TOKEN: _, CLAUDE_CODE_SESSION_ID: __, ...env } = sandbox.env(options.env);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(programs, "ocvibe.js"), "mcp"],
    cwd: options.cwd ?? sandbox.repo,
    env: { ...(env as Record<string, string>), ...options.env },
    stderr: "inherit",
  });
  return connected(transport, options.name ?? "probe", options.mode ?? "legacy");
};

export const overHttp = (
  url: string,
  token: string,
  options: { readonly project?: string; readonly mode?: Mode } = {},
): Promise<Connection> => {
  const address = new URL("/mcp", url);
  if (options.project !== undefined) address.searchParams.set("project", options.project);
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const transport = new StreamableHTTPClientTransport(address, { requestInit });
  return connected(transport, "probe", options.mode ?? "legacy");
};

/** `ocvibe mcp` with raw lines, for what no client would send. */
export const rawStdio = (sandbox: Sandbox) => {
  const child = spawn(process.execPath, [join(programs, "ocvibe.js"), "mcp"], {
    cwd: sandbox.repo,
    env: sandbox.env(),
    stdio: ["pipe", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  const messages = () =>
    stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Message);
  return {
    write: (text: string) => child.stdin.write(text),
    send: (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`),
    /** Everything that was printed, which must all be messages. */
    messages,
    answerTo: (id: number | string) => messages().find((message) => message.id === id),
    end: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
      return child.exitCode;
    },
  };
};

export interface Message {
  readonly id?: number | string | null;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}
