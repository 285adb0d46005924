/** Real OpenCode and real Claude Code list our tools and call them, driven by a model that follows a script. */
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import { tools } from "../../shared/mcp/tools.ts";
import { harness, harnessEnvironment, runHarness } from "../support/harnesses.ts";
import { programs, Sandbox } from "../support/sandbox.ts";
import { offered, type Script, scriptedModel } from "../support/scriptedModel.ts";

const task = "Reserve src/money.ts for yourself, please.";
const question = "Who are you now, and what do you hold?";

/** Joins, reserves what the user asked for, and tells how that went: each step from what the step before answered. */
const script: Script = (request) => {
  for (const { name } of tools) offered(request, name);
  const [joined, reserved, returned] = request.results;
  const file = /Reserve (\S+) for yourself/.exec(request.prompt)?.[1];
  if (file === undefined) throw new Error(`the prompt names no file: ${request.prompt}`);
  if (joined === undefined) return { call: offered(request, "agentmail_init"), input: {} };
  const name = /You are (\w+), in the project/.exec(joined)?.[1];
  if (name === undefined) throw new Error(`agentmail_init did not say who I am: ${joined}`);
  if (reserved === undefined) {
    const input = { patterns: [file], reason: "a test", agent_name: name };
    return { call: offered(request, "agentmail_reserve"), input };
  }
  if (request.prompt.includes(question)) {
    if (returned === undefined) return { call: offered(request, "agentmail_init"), input: {} };
    if (!returned.includes(`You are ${name}, `)) throw new Error(`${name} is another now: ${returned}`);
    return { say: /You hold.*/.exec(returned)?.[0] ?? returned };
  }
  const holder = new RegExp(`(\\w+) holds ${file}`).exec(reserved)?.[1];
  if (holder !== undefined) return { say: `I am ${name}, and ${holder} holds ${file}.` };
  if (!reserved.includes(`Reserved for you: ${file}`)) throw new Error(`it was not reserved: ${reserved}`);
  return { say: `I am ${name}, and hold ${file}.` };
};

describe("real harnesses", () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = new Sandbox();
    sandbox.commit({ "src/money.ts": "export const cents = 1;\n" });
    // The person begins to use the repository.
    const registered = await sandbox.cli(["agent", "register", "bystander"]);
    assert.strictEqual(registered.code, 0, registered.stderr);
  });
  afterEach(async () => {
    assert.deepStrictEqual(await sandbox.end(), []);
  });

  const bridge = { command: process.execPath, args: [join(programs, "ocvibe.js"), "mcp"] };
  const ours = () => ({ OCVIBE_HOME: sandbox.home, OCVIBE_IDLE_SECONDS: "120" });
  const grantedTo = async () => {
    const client = await sandbox.client();
    const events = await client.events.list({ project: sandbox.repo, type: "lease_granted" });
    return events.map(({ actor, data }) => [actor, (data as { readonly patterns: unknown }).patterns]);
  };

  it("OpenCode lists our tools and calls them", { timeout: 300_000 }, async () => {
    const program = await harness("opencode");
    await using model = await scriptedModel(script);
    const config = {
      provider: {
        scripted: {
          npm: "@ai-sdk/openai-compatible",
          name: "scripted",
          options: { baseURL: `${model.url}/v1`, apiKey: "none" },
          models: { scripted: { name: "scripted", tool_call: true } },
        },
      },
      model: "scripted/scripted",
      small_model: "scripted/scripted",
      share: "disabled",
      autoupdate: false,
      mcp: {
        vibe: {
          type: "local",
          command: [bridge.command, ...bridge.args],
          environment: ours(),
          enabled: true,
        },
      },
    };
    const env = { ...harnessEnvironment(sandbox.folder), OPENCODE_CONFIG_CONTENT: JSON.stringify(config) };
    const run = await runHarness(program, ["run", "--format", "json", task], { cwd: sandbox.repo, env });
    assert.deepStrictEqual(model.faults, [], `${run.stdout}\n${run.stderr}`);
    const name = /I am (\w+), and hold src\/money\.ts/.exec(run.stdout)?.[1];
    assert.isDefined(name, `${run.stdout}\n${run.stderr}`);
    assert.deepStrictEqual(await grantedTo(), [[`agent:${name}`, ["src/money.ts"]]]);
    assert.strictEqual(sandbox.git("status", "--porcelain"), "");
  });

  it("Claude Code lists our tools and calls them; another session is refused, the same one comes back", {
    timeout: 300_000,
  }, async () => {
    const program = await harness("claude");
    await using model = await scriptedModel(script);
    const config = join(sandbox.folder, "mcp.json");
    const servers = { mcpServers: { vibe: { type: "stdio", ...bridge, env: ours() } } };
    writeFileSync(config, JSON.stringify(servers));
    const env = {
      ...harnessEnvironment(sandbox.folder),
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: "throw-away",
    };
    const tools = ["--mcp-config", config, "--strict-mcp-config", "--allowedTools", "mcp__vibe"];
    const say = async (prompt: string, ...session: ReadonlyArray<string>) => {
      const args = ["-p", prompt, "--output-format", "stream-json", "--verbose", ...session, ...tools];
      const run = await runHarness(program, args, { cwd: sandbox.repo, env });
      assert.deepStrictEqual(model.faults, [], `${run.stdout}\n${run.stderr}`);
      return run.stdout;
    };
    const first = randomUUID();
    const said = await say(task, "--session-id", first);
    const name = /I am (\w+), and hold src\/money\.ts/.exec(said)?.[1];
    assert.isDefined(name, said);
    assert.deepStrictEqual(await grantedTo(), [[`agent:${name}`, ["src/money.ts"]]]);
    // Its session has not ended with the process: it may come back, with what it holds.
    const other = /I am (\w+), and (\w+) holds src\/money\.ts/.exec(await say(task));
    assert.strictEqual(other?.[2], name);
    assert.notStrictEqual(other?.[1], name);
    assert.match(await say(question, "--resume", first), /You hold: src\/money\.ts/);
    const client = await sandbox.client();
    const agents = await client.agents.list({ project: sandbox.repo });
    const sessions = agents.filter((agent) => agent.harness === "claude-code");
    assert.deepStrictEqual(sessions.map((agent) => agent.name).toSorted(), [name, other?.[1]].toSorted());
    assert.strictEqual(sandbox.git("status", "--porcelain"), "");
  });
});
