/** A port of the daemon's, held open for a test as `ocvibe serve` does, and requests to `/mcp` that no client makes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "../support/sandbox.ts";
import type { Message } from "./mcpClients.ts";

export interface Serving extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

export const serving = async (sandbox: Sandbox, port?: number): Promise<Serving> => {
  const client = await sandbox.client();
  const ending = new AbortController();
  const frames = client.daemon.listen(port === undefined ? {} : { port }, { signal: ending.signal });
  const iterator = frames[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new Error("the daemon opened no port");
  const { url } = first.value.data;
  // The rest of the stream says nothing, and ends with the test or with the daemon.
  const ended = Promise.allSettled([iterator.next()]);
  return {
    url,
    port: Number(new URL(url).port),
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await ended;
    },
  };
};

export const tokenOf = (sandbox: Sandbox, whose: "person" | "launcher"): string =>
  readFileSync(join(sandbox.home, `${whose}.token`), "utf8").trim();

export interface Posted {
  readonly status: number;
  readonly text: string;
  readonly session: string | null;
  /** The message in it, if it is one. */
  readonly message: (Message & { readonly error?: { readonly tag?: string } }) | undefined;
}

/** Posts exactly this. */
export const post = async (
  url: string,
  token: string | undefined,
  body: string,
  options: { readonly session?: string; readonly method?: string; readonly signal?: AbortSignal } = {},
): Promise<Posted> => {
  const { method = "POST", session, signal } = options;
  const response = await fetch(new URL("/mcp", url), {
    method,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(session === undefined ? {} : { "mcp-session-id": session }),
    },
    ...(method === "POST" ? { body } : {}),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  const json = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  return {
    status: response.status,
    text,
    session: response.headers.get("mcp-session-id"),
    message: json.startsWith("{") ? JSON.parse(json) : undefined,
  };
};

/** A session as an older client begins it. */
export const begin = async (url: string, token: string, protocolVersion = "2025-06-18"): Promise<string> => {
  const params = {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: "probe", version: "1" },
  };
  const begun = await post(
    url,
    token,
    JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params }),
  );
  if (begun.session === null) throw new Error(`no session was begun: ${begun.status} ${begun.text}`);
  const { session } = begun;
  const spoken = begun.message?.result?.protocolVersion;
  if (spoken !== protocolVersion) throw new Error(`asked for ${protocolVersion}, it speaks ${spoken}`);
  await post(url, token, JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }), {
    session,
  });
  return session;
};
