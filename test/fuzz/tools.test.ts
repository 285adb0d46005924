/**
 * Every tool that we serve by MCP, called over `/mcp` with right and wrong arguments by agents that are at work in
 * the same projects, and with messages that are wrong as such: no crash, no hang, no error without a tag or a
 * sentence, and nothing that a harness would have to give up on.
 */
import type { Schema } from "effect";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { exitCodeOf } from "../../shared/contract/errors.ts";
import type { Tool } from "../../shared/mcp/tool.ts";
import { tools } from "../../shared/mcp/tools.ts";
import { type Answered, type Asked, makeAsk } from "./ask.ts";
import { brokenBody, pick, samplesOf, validInput } from "./inputs.ts";
import type { Verdict } from "./judge.ts";
import { full, type Input, lanes, play, seed } from "./play.ts";
import { type Caller, type Fields, type Random, World } from "./World.ts";

const inputs = full ? 20_000 : 1500;

/** The route that a tool is about, for what its arguments may name and what its answers tell. */
const routeOf: Readonly<Record<string, string>> = {
  agentmail_reserve: "reservations/reserve",
  agentmail_release: "reservations/release",
  agentmail_send: "mail/send",
  agentmail_inbox: "mail/receive",
  agentmail_ack: "mail/ack",
  hive_query: "hive/show",
  hive_start: "hive/start",
  hive_update: "hive/update",
  hive_close: "hive/close",
};

/** Their effect on the world is what others are fuzzed with; a tracker that grows makes everything slow. */
const rates: Readonly<Record<string, number>> = { hive_create: 0.3, hive_create_epic: 0.1 };

interface Target {
  readonly tool: Tool;
  readonly samples: ReadonlyArray<Fields>;
}

const targets: ReadonlyArray<Target> = tools.map((tool, index) => {
  const ways = tool.ways.flatMap(({ input }, way) =>
    samplesOf(input as Schema.Codec<unknown, unknown>, 100, seed + index * 10 + way),
  );
  // What the route takes and the tool does not is not the caller's to say.
  const samples = ways.map((sample) =>
    Object.fromEntries(Object.entries(sample).filter(([key]) => Object.hasOwn(tool.takes, key))),
  );
  return { tool, samples };
});

const world = new World();
let client: DaemonClient;

describe("MCP tools", () => {
  beforeAll(async () => {
    client = await world.begin();
  }, 60_000);
  afterAll(async () => {
    assert.deepStrictEqual(await world.box.end(), []);
  }, 60_000);

  it(
    `${inputs} inputs, seed ${seed}`,
    async () => {
      const { ask, end } = makeAsk(world.socket, lanes);
      const next = (random: Random): Input | undefined => {
        const target = pick(random, targets);
        if (random() > (rates[target.tool.name] ?? 1)) return undefined;
        const { name, caller, given, request } = compose(target, random);
        const about = `${caller.kind}: ${String(request.body).slice(0, 400)}`;
        const put: Input["put"] = async () => {
          const answer = await ask(request);
          const verdict = judge(target.tool, answer);
          if ("fault" in verdict) return { ...verdict, ms: answer.ms };
          const route = routeOf[name] ?? "";
          for (const value of verdict.answers) {
            const told = route === "mail/receive" ? (value as Fields).messages : value;
            world.learn(route, caller, given, told);
          }
          if (verdict.tag === "Unauthenticated" && caller.kind === "agent") {
            await world.replaceAgent(client, caller);
          }
          return { ...verdict, ms: answer.ms };
        };
        return { name, about, put };
      };
      const tally = await play(world, inputs, next).finally(end);
      assert.isAbove(tally.reachedShare, 0.45, "too few inputs reached a handler for this to say much");
      assert.isAbove(tally.successShare, 0.25, "too few inputs succeeded for this to say much");
      assert.deepStrictEqual(
        tally.neverOk(tools.map(({ name }) => name)).filter((name) => !rare.has(name)),
        [],
      );
    },
    full ? 30 * 60_000 : 5 * 60_000,
  );
});

/** Tools whose success takes a state that a short run may not come to. */
const rare: ReadonlySet<string> = new Set(full ? [] : ["agentmail_ack", "hive_start"]);

const version = "2026-07-28";

const compose = ({ tool, samples }: Target, random: Random) => {
  const good = random() < 0.55;
  const kind = good || random() < 0.8 ? "agent" : pick(random, ["person", "launcher", "nobody"] as const);
  const caller = pick(
    random,
    world.callers.filter((each) => each.kind === kind),
  );
  const sample = pick(random, samples);
  const fields = Object.keys(tool.takes);
  const valid = validInput({ path: routeOf[tool.name] ?? tool.name, fields, sample }, caller, world, random);
  // The names of these are no routes' fields.
  const given = Object.fromEntries(Object.entries(valid).filter(([key]) => fields.includes(key)));
  // Harnesses give up after a minute; what waits is not what is looked at here.
  if ("waitSeconds" in given) given.waitSeconds = 0;
  const name = tool.name;
  if (good) return { name, caller, given, request: request(caller, name, JSON.stringify(given)) };
  const broken = brokenBody(given, random).toString();
  const body = random() < 0.8 ? request(caller, name, broken) : twisted(caller, name, broken, random);
  return { name, caller, given: undefined, request: body };
};

const message = (name: string, given: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":${given},"_meta":{"io.modelcontextprotocol/protocolVersion":"${version}","io.modelcontextprotocol/clientInfo":{"name":"fuzz","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`;

const request = (caller: Caller, name: string, given: string): Asked => ({
  method: "POST",
  path: "/mcp",
  headers: {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": version,
    "mcp-method": "tools/call",
    "mcp-name": name,
    ...(caller.token === undefined ? {} : { authorization: `Bearer ${caller.token}` }),
  },
  body: message(name, given),
});

/** Wrong as a message of MCP. */
const twisted = (caller: Caller, name: string, given: string, random: Random): Asked => {
  const right = request(caller, name, "{}");
  const header = (key: string, ...among: ReadonlyArray<string>) => ({
    ...right,
    headers: { ...right.headers, [key]: pick(random, among) },
  });
  switch (Math.floor(random() * 7)) {
    case 0:
      return { ...right, method: pick(random, ["GET", "DELETE", "PUT", "OPTIONS"]), body: "" };
    case 1:
      return header("mcp-protocol-version", "1", "", "2099-01-01", "x".repeat(2000));
    case 2:
      return header("mcp-session-id", "x", "", "../..", "0".repeat(5000));
    case 3:
      return header("mcp-name", "nothing", "", "__proto__");
    case 4:
      return { ...right, body: given };
    case 5:
      return { ...right, body: pick(random, broken) };
    default:
      return {
        ...right,
        body: message(pick(random, ["", "nothing", "constructor", "x".repeat(5000)]), "{}"),
      };
  }
};

const broken: ReadonlyArray<string> = [
  "[]",
  `[${message("agentmail_init", "{}")},${message("agentmail_init", "{}")}]`,
  '{"jsonrpc":"1.0","id":1,"method":"tools/call"}',
  '{"jsonrpc":"2.0","id":{},"method":"tools/call"}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}',
  '{"jsonrpc":"2.0","id":1,"method":"__proto__"}',
  '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
  '{"jsonrpc":"2.0","id":1,"result":{}}',
];

/** Sentences of what stands before the tools. */
const before = /^The arguments of |^agent_name is| does not take /;

const judge = (tool: Tool, { status, type, text }: Answered): Verdict => {
  // A notification, a stream that was ended, or a method that is not there.
  if (text === "" || type.startsWith("text/event-stream"))
    return { tag: `(status ${status})`, reached: false, answers: [] };
  const body = parse(text);
  if (body === undefined) return { fault: `status ${status}, and no JSON: ${text.slice(0, 200)}` };
  if (Array.isArray(body)) return { tag: "(batch)", reached: false, answers: [] };
  const { result, error, _tag: ownTag, message: own } = body as Fields;
  // Refused before it was looked at as a message: by token, by size.
  if (typeof ownTag === "string" && Object.hasOwn(exitCodeOf, ownTag)) {
    return ownTag === "InternalError" ? { fault: String(own) } : { tag: ownTag, reached: false, answers: [] };
  }
  if (isFields(error)) {
    const { code, message: why } = error;
    if (typeof code !== "number" || typeof why !== "string" || why === "") {
      return { fault: `an error without code or sentence: ${text.slice(0, 300)}` };
    }
    return code === -32_603 ? { fault: why } : { tag: `(JSON-RPC ${code})`, reached: false, answers: [] };
  }
  if (!isFields(result)) return { fault: `neither result nor error: ${text.slice(0, 300)}` };
  const { isError, structuredContent: data } = result;
  if (!isFields(data) || typeof data.text !== "string" || data.text === "") {
    return { fault: `a result without a text: ${text.slice(0, 300)}` };
  }
  if (isError !== true) return { tag: "ok", reached: true, answers: [data] };
  const { tag, message: why } = data.error as Fields;
  if (typeof tag !== "string" || !Object.hasOwn(exitCodeOf, tag)) {
    return { fault: `${tool.name}: an error without a tag of ours: ${text.slice(0, 300)}` };
  }
  if (tag === "InternalError") return { fault: String(why) };
  return { tag, reached: !before.test(String(why)), answers: [] };
};

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
