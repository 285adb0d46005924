/**
 * A model on loopback that follows a script, for real harnesses. It speaks the chat completions that OpenCode asks
 * for and the messages that Claude Code asks for. A script answers from what it is asked: it is shown the tools, the
 * prompt and the results so far, and throws when what it needs is missing. Then the request fails, and so does the
 * test that looks at `faults`.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ModelRequest {
  /** The names of the tools offered. */
  readonly tools: ReadonlyArray<string>;
  readonly system: string;
  /** What the user said, all of it. */
  readonly prompt: string;
  /** What the tools called so far answered, in order. */
  readonly results: ReadonlyArray<string>;
}

export type Step = { readonly call: string; readonly input: unknown } | { readonly say: string };
export type Script = (request: ModelRequest) => Step;

export interface ScriptedModel extends AsyncDisposable {
  /** Without a path. */
  readonly url: string;
  readonly requests: ReadonlyArray<ModelRequest>;
  readonly faults: ReadonlyArray<Error>;
}

export const scriptedModel = async (script: Script): Promise<ScriptedModel> => {
  const requests: Array<ModelRequest> = [];
  const faults: Array<Error> = [];
  const answer = (request: ModelRequest): Step => {
    // Harnesses also ask for a title and the like, without any tool: that is no part of the work.
    if (request.tools.length === 0) return { say: "A title" };
    requests.push(request);
    return script(request);
  };
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing, answer).catch((cause) => {
      faults.push(cause);
      // A status that no harness tries again.
      outgoing.writeHead(400, { "content-type": "application/json" });
      outgoing.end(
        JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: String(cause) } }),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

const handle = async (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: (request: ModelRequest) => Step,
): Promise<void> => {
  let text = "";
  for await (const chunk of incoming) text += chunk;
  const path = new URL(incoming.url ?? "/", "http://localhost").pathname;
  if (incoming.method === "POST" && path.endsWith("/chat/completions")) {
    const request = JSON.parse(text) as ChatRequest;
    return sendEvents(outgoing, chatEvents(answer(fromChat(request))));
  }
  if (incoming.method === "POST" && path.endsWith("/messages")) {
    const request = JSON.parse(text) as MessagesRequest;
    const step = answer(fromMessages(request));
    if (request.stream === true) return sendEvents(outgoing, messageEvents(step));
    outgoing.setHeader("content-type", "application/json");
    return void outgoing.end(
      JSON.stringify({ ...message, content: [blockOf(step)], stop_reason: stopOf(step) }),
    );
  }
  if (path.endsWith("/count_tokens")) return void outgoing.end(JSON.stringify({ input_tokens: 1 }));
  outgoing.statusCode = 404;
  outgoing.end();
};

const sendEvents = (outgoing: ServerResponse, frames: ReadonlyArray<string>): void => {
  outgoing.writeHead(200, { "content-type": "text/event-stream" });
  outgoing.end(frames.map((frame) => `${frame}\n\n`).join(""));
};

type Content =
  | string
  | ReadonlyArray<{ readonly type: string; readonly text?: string; readonly content?: Content }>
  | null;

const textOf = (content: Content | undefined): string =>
  typeof content === "string"
    ? content
    : (content ?? []).map((part) => part.text ?? textOf(part.content)).join("\n");

interface ChatRequest {
  readonly tools?: ReadonlyArray<{ readonly function: { readonly name: string } }>;
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: Content }>;
}

const fromChat = ({ tools = [], messages }: ChatRequest): ModelRequest => {
  const said = (role: string) =>
    messages.filter((one) => one.role === role).map((one) => textOf(one.content));
  return {
    tools: tools.map((tool) => tool.function.name),
    system: said("system").join("\n"),
    prompt: said("user").join("\n"),
    results: said("tool"),
  };
};

const chatEvents = (step: Step): ReadonlyArray<string> => {
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "scripted", choices: [{ index: 0, delta, finish_reason: finish }] })}`;
  if ("say" in step) {
    return [chunk({ role: "assistant", content: step.say }, null), chunk({}, "stop"), "data: [DONE]"];
  }
  const call = { name: step.call, arguments: JSON.stringify(step.input) };
  const delta = {
    role: "assistant",
    tool_calls: [{ index: 0, id: nextId(), type: "function", function: call }],
  };
  return [chunk(delta, null), chunk({}, "tool_calls"), "data: [DONE]"];
};

interface MessagesRequest {
  readonly stream?: boolean;
  readonly tools?: ReadonlyArray<{ readonly name: string }>;
  readonly system?: Content;
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: Content }>;
}

const fromMessages = ({ tools = [], system, messages }: MessagesRequest): ModelRequest => {
  const parts = messages
    .filter(({ role }) => role === "user")
    .flatMap(({ content }) => (Array.isArray(content) ? content : [{ type: "text", text: textOf(content) }]));
  return {
    tools: tools.map(({ name }) => name),
    system: textOf(system),
    prompt: parts
      .filter(({ type }) => type === "text")
      .map(({ text }) => text ?? "")
      .join("\n"),
    results: parts.filter(({ type }) => type === "tool_result").map(({ content }) => textOf(content)),
  };
};

const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "scripted",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};

const blockOf = (step: Step) =>
  "say" in step
    ? { type: "text", text: step.say }
    : { type: "tool_use", id: nextId(), name: step.call, input: step.input };

const stopOf = (step: Step) => ("say" in step ? "end_turn" : "tool_use");

const messageEvents = (step: Step): ReadonlyArray<string> => {
  const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}`;
  const block = blockOf(step);
  const [start, delta] =
    block.type === "text"
      ? [
          { ...block, text: "" },
          { type: "text_delta", text: block.text },
        ]
      : [
          { ...block, input: {} },
          { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
        ];
  return [
    event("message_start", { message: { ...message, content: [], stop_reason: null } }),
    event("content_block_start", { index: 0, content_block: start }),
    event("content_block_delta", { index: 0, delta }),
    event("content_block_stop", { index: 0 }),
    event("message_delta", {
      delta: { stop_reason: stopOf(step), stop_sequence: null },
      usage: { output_tokens: 1 },
    }),
    event("message_stop", {}),
  ];
};

let count = 0;
const nextId = () => `toolu_${String(++count).padStart(4, "0")}`;

/** The full name that a harness gives one of our tools; a model that is not offered it can't go on. */
export const offered = ({ tools }: ModelRequest, name: string): string => {
  const found = tools.find((tool) => tool === name || tool.endsWith(`_${name}`));
  if (found !== undefined) return found;
  throw new Error(`the harness offers no tool ${name}, but: ${tools.join(", ")}`);
};
