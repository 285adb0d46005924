/**
 * Standard input and output for the MCP server, by lines. What is no message at all is answered here: the server
 * would drop whatever came in the same chunk with it.
 */
import * as NodeStdio from "@effect/platform-node/NodeStdio";
import { Effect, Layer, Stdio, Stream } from "effect";

/** Characters of one message. */
const longest = 32 * 1024 * 1024;

export const lineStdio = Layer.effect(
  Stdio.Stdio,
  Effect.map(Stdio.Stdio, (stdio) =>
    Stdio.make({
      ...stdio,
      stdin: Stream.fromAsyncIterable(messages(process.stdin), (cause) => cause).pipe(
        Stream.orDie,
        Stream.encodeText,
      ),
    }),
  ),
).pipe(Layer.provide(NodeStdio.layer));

async function* messages(input: NodeJS.ReadStream): AsyncGenerator<string> {
  for await (const line of linesOf(input)) {
    if (line.trim() === "") continue;
    const fault = faultOf(line);
    if (fault === undefined) yield `${line}\n`;
    else process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id: null, error: fault })}\n`);
  }
}

/** A line that is too long is read to its end, and its beginning stands for it. */
async function* linesOf(input: NodeJS.ReadStream): AsyncGenerator<string> {
  input.setEncoding("utf8");
  let parts: Array<string> = [];
  let length = 0;
  for await (const chunk of input as AsyncIterable<string>) {
    const [first = "", ...rest] = chunk.split("\n");
    for (const [index, part] of [first, ...rest].entries()) {
      if (index > 0) {
        yield parts.join("");
        parts = [];
        length = 0;
      }
      length += part.length;
      if (length <= longest) parts.push(part);
      else if (parts.at(-1) !== tooLong) parts = [tooLong];
    }
  }
  if (length > 0) yield parts.join("");
}

/** No JSON begins like this. */
const tooLong = "\0too long";

const faultOf = (line: string): { readonly code: number; readonly message: string } | undefined => {
  if (line === tooLong)
    return { code: -32600, message: `A message has at most ${longest / 1024 / 1024} million characters.` };
  try {
    const message: unknown = JSON.parse(line);
    return Array.isArray(message) || isEnvelope(message)
      ? undefined
      : { code: -32600, message: "This is JSON, and no message of JSON-RPC 2.0." };
  } catch (cause) {
    return { code: -32700, message: `This is not JSON: ${(cause as Error).message.slice(0, 200)}` };
  }
};

const isEnvelope = (message: unknown): boolean => {
  if (typeof message !== "object" || message === null) return false;
  const { jsonrpc, id, method, result, error } = message as Readonly<Record<string, unknown>>;
  if (jsonrpc !== "2.0" || (id !== undefined && typeof id !== "string" && typeof id !== "number"))
    return false;
  return (
    typeof method === "string" || (method === undefined && (result !== undefined || error !== undefined))
  );
};
