/** What no client of MCP should send, to `ocvibe mcp` and to `/mcp`: each is answered, and the next call works. */
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";
import { type Message, rawStdio } from "./mcpClients.ts";
import { begin, post, type Serving, serving } from "./serving.ts";

const megabyte = 1024 * 1024;

const initialize = {
  id: 0,
  method: "initialize",
  params: {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "probe", version: "1" },
  },
};

const callOf = (name: unknown, given?: unknown) => ({
  method: "tools/call",
  params: { name, ...(given === undefined ? {} : { arguments: given }) },
});

/** Calls that are messages of JSON-RPC, and what is wrong with each is the tool's to say. */
const badCalls: ReadonlyArray<readonly [what: string, call: ReturnType<typeof callOf>, says: RegExp]> = [
  ["patterns of a wrong type", callOf("agentmail_reserve", { patterns: "src/a.ts" }), /patterns/],
  ["none of what is needed", callOf("agentmail_send", {}), /Missing key.*at \["to"\]/s],
  ["an argument that it does not take", callOf("agentmail_reserve", { path: ["a"] }), /does not take "path"/],
  ["the project, which is not the model's to say", callOf("hive_query", { project: "/etc" }), /"project"/],
  ["a number that is none", callOf("agentmail_inbox", { limit: -1 }), /limit/],
  ["a name that is no text", callOf("agentmail_init", { agent_name: 7 }), /agent_name is a text/],
  ["a way out of the project", callOf("agentmail_reserve", { patterns: ["../x"] }), /\.\.\/x/],
  ["an unknown recipient", callOf("agentmail_send", { to: ["nobody"], subject: "s", body: "b" }), /nobody/],
  ["a cell that is not there", callOf("hive_query", { id: "none-1" }), /none-1/],
  ["a plan that is none", callOf("swarm_validate_decomposition", { plan: "{" }), /JSON|plan/],
  ["the key of prototypes", callOf("hive_query", JSON.parse('{"__proto__": 1}')), /__proto__/],
];

/** Messages that are wrong by themselves, and the code that JSON-RPC has for it. */
const badMessages: ReadonlyArray<readonly [what: string, message: object, codes: ReadonlyArray<number>]> = [
  ["a tool that there is not", callOf("agentmail_burn", {}), [-32602]],
  ["a method that there is not", { method: "tools/burn" }, [-32601]],
  ["a call without a name", { method: "tools/call", params: {} }, [-32602]],
  ["arguments that are a list", callOf("hive_query", []), [-32602]],
];

const toldIn = (message: Message | undefined): string => {
  const [content] = (message?.result?.content ?? []) as ReadonlyArray<{ readonly text: string }>;
  assert.isTrue(message?.result?.isError, JSON.stringify(message));
  return content?.text ?? "";
};

describe("bad input", () => {
  let sandbox: Sandbox;
  let server: Serving;
  let token: string;
  beforeAll(async () => {
    sandbox = new Sandbox();
    sandbox.commit({ "src/a.ts": "1\n" });
    const { stdout } = await sandbox.cli(["agent", "register", "ada", "--json"]);
    token = JSON.parse(stdout).token;
    server = await serving(sandbox);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    assert.deepStrictEqual(await sandbox.end(), []);
  });

  it("is answered by ocvibe mcp, which goes on and prints nothing but messages", async () => {
    const bridge = rawStdio(sandbox);
    let id = 0;
    const answer = async (message: object) => {
      const mine = ++id;
      bridge.send({ id: mine, ...message });
      await until(() => bridge.answerTo(mine) !== undefined);
      return bridge.answerTo(mine);
    };
    bridge.send(initialize);
    bridge.send({ method: "notifications/initialized" });
    for (const [what, call, says] of badCalls) assert.match(toldIn(await answer(call)), says, what);
    for (const [what, message, codes] of badMessages) {
      const { error } = (await answer(message)) ?? {};
      assert.include(codes, error?.code, `${what}: ${JSON.stringify(error)}`);
    }
    const faults = () => bridge.messages().filter((message) => message.id === null);
    const broken = [
      ["{", -32700],
      ["hello\0", -32700],
      ['"a text"', -32600],
      ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
      [`{"id":"${"x".repeat(33 * megabyte)}"}`, -32600],
    ] as const;
    for (const [index, [line, code]] of broken.entries()) {
      bridge.write(`${line}\n`);
      await until(() => faults().length > index);
      assert.strictEqual(faults()[index]?.error?.code, code, line.slice(0, 50));
    }
    // In one write with a message that is right, which is answered all the same.
    bridge.write(`{\n${JSON.stringify({ jsonrpc: "2.0", id: "after", method: "ping" })}\n`);
    await until(() => bridge.answerTo("after") !== undefined);
    const body = "x".repeat(10 * megabyte);
    assert.match(
      toldIn(await answer(callOf("agentmail_send", { to: ["person"], subject: "s", body }))),
      /larg|long|MB/,
    );
    const fine = await answer(callOf("agentmail_init"));
    assert.isFalse(fine?.result?.isError, JSON.stringify(fine));
    assert.strictEqual(await bridge.end(), 0);
  });

  it("is answered by /mcp, which goes on", async () => {
    const session = await begin(server.url, token);
    const ask = (message: object) =>
      post(server.url, token, JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }), { session });
    for (const [what, call, says] of badCalls) assert.match(toldIn((await ask(call)).message), says, what);
    for (const [what, message, codes] of badMessages) {
      const { error } = (await ask(message)).message ?? {};
      assert.include(codes, error?.code, `${what}: ${JSON.stringify(error)}`);
    }
    for (const [line, status, code] of [
      ["{", 200, -32700],
      ["", 200, -32700],
      ['"a text"', 200, -32600],
      ['{"jsonrpc":"1.0","id":1,"method":"ping"}', 200, -32600],
      [`"${"x".repeat(11 * megabyte)}"`, 413, -32600],
    ] as const) {
      const answer = await post(server.url, token, line, { session });
      assert.deepStrictEqual([answer.status, answer.message?.error?.code], [status, code], answer.text);
    }
    const gone = await post(server.url, token, "{}", { session: "made-up" });
    assert.deepStrictEqual([gone.status, gone.message?.error?.code], [404, -32001]);
    for (const method of ["GET", "PUT"])
      assert.strictEqual((await post(server.url, token, "", { session, method })).status, 405, method);
    const body = "x".repeat(9 * megabyte);
    const large = await ask(callOf("agentmail_send", { to: ["person"], subject: "s", body }));
    assert.match(toldIn(large.message), /65536/);
    const fine = await ask(callOf("agentmail_init"));
    assert.isFalse(fine.message?.result?.isError, fine.text);
  });
});
