/**
 * The test-only extension: a window's ear for the tests. Each window writes how it is reached (a port of this machine
 * and a token) into the folder that the test named, and answers what the extension under test decided, and what VS
 * Code itself knows. It is installed as a VSIX of its own, so that what ships has none of it.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as vscode from "vscode";
import { fromJson, toJson } from "./json.ts";
import type { ProbeAddress, ProbeCall } from "./protocol.ts";

interface UnderTest {
  readonly ask: (name: string, ...args: ReadonlyArray<unknown>) => Promise<unknown>;
}

const extensionId = "opencode-vibe.opencode-vibe";

const underTest = async (): Promise<UnderTest> => {
  const probe = (await vscode.extensions.getExtension<UnderTest>(extensionId)?.activate()) as
    | UnderTest
    | undefined;
  if (probe === undefined) throw new Error(`${extensionId} is not installed, or OCVIBE_TEST is not set`);
  return probe;
};

const answer = async (call: ProbeCall): Promise<unknown> => {
  switch (call.kind) {
    case "ask":
      return (await underTest()).ask(call.name, ...call.args);
    case "execute":
      return vscode.commands.executeCommand(call.name, ...call.args);
    case "run": {
      // The test wrote this function, and it runs here with the editor's API.
      const run = new Function("vscode", "argument", `return (${call.source})(vscode, argument)`) as (
        api: typeof vscode,
        argument: unknown,
      ) => unknown;
      return run(vscode, call.argument);
    }
  }
};

export const activate = (context: vscode.ExtensionContext): void => {
  const folder = process.env.OCVIBE_PROBE;
  if (folder === undefined) return;
  const token = randomBytes(16).toString("hex");
  const revive = (value: object): unknown => {
    if ("$uri" in value) return vscode.Uri.parse(value.$uri as string);
    if ("$position" in value) return new vscode.Position(...(value.$position as [number, number]));
    if ("$range" in value) return new vscode.Range(...(value.$range as [number, number, number, number]));
    return value;
  };
  const server = createServer(async (request, response) => {
    // A connection that is kept may be closed here at the very moment that the test sends its next call on it.
    response.setHeader("connection", "close");
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    try {
      const call = fromJson(await text(request), revive) as ProbeCall;
      response.end(toJson({ answer: await answer(call) }));
    } catch (cause) {
      const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      response.writeHead(500).end(toJson({ error }));
    }
  });
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number };
    const file = join(folder, `${randomUUID()}.json`);
    const address: ProbeAddress = { port, token, pid: process.pid };
    // Whole at once: the test reads it as soon as it sees it.
    writeFileSync(`${file}.draft`, JSON.stringify(address));
    renameSync(`${file}.draft`, file);
    context.subscriptions.push({
      dispose: () => {
        rmSync(file, { force: true });
        server.close();
      },
    });
  });
};
