/** Real OpenCode and real Claude Code list our tools and call them, driven by a model that follows a script. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import { tools } from "../../shared/mcp/tools.ts";
import { harness, harnessEnvironment, runHarness } from "../support/harnesses.ts";
import { programs, Sandbox } from "../support/sandbox.ts";
import { offered, type Script, scriptedModel } from "../support/scriptedModel.ts";

const task = "Reserve src/money.ts for yourself, please.";

/** Joins, reserves what the user asked for, and tells how that went: each step from what the step before answered. */
const script: Script = (request) => {
  for (const { name } of tools) offered(request, name);
  const [joined, reserved] = request.results;
  const file = /Reserve (\S+) for yourself/.exec(request.prompt)?.[1];
  if (file === undefined) throw new Error(`the prompt names no file: ${request.prompt}`);
  if (joined === undefined) return { call: offered(request, "agentmail_init"), input: {} };
  const name = /You are (\w+), in the project/.exec(joined)?.[1];
  if (name === undefined) throw new Error(`agentmail_init did not say who I am: ${joined}`);
  if (reserved === undefined) {
    const input = { patterns: [file], reason: "a test", agent_name: name };
    return { call: offered(request, "agentmail_reserve"), input };
  }
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
  });

  it("Claude Code lists our tools and calls them", { timeout: 300_000 }, async () => {
    const program = await harness("claude");
    await using model = await scriptedModel(script);
    const config = join(sandbox.folder, "mcp.json");
    writeFileSync(
      config,
      JSON.stringify({ mcpServers: { vibe: { type: "stdio", ...bridge, env: ours() } } }),
    );
    const args = ["-p", task, "--output-format", "stream-json", "--verbose"];
    const env = {
      ...harnessEnvironment(sandbox.folder),
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: "throw-away",
    };
    const run = await runHarness(
      program,
      [...args, "--mcp-config", config, "--strict-mcp-config", "--allowedTools", "mcp__vibe"],
      { cwd: sandbox.repo, env },
    );
    assert.deepStrictEqual(model.faults, [], `${run.stdout}\n${run.stderr}`);
    const name = /I am (\w+), and hold src\/money\.ts/.exec(run.stdout)?.[1];
    assert.isDefined(name, `${run.stdout}\n${run.stderr}`);
    assert.deepStrictEqual(await grantedTo(), [[`agent:${name}`, ["src/money.ts"]]]);
    // Its session has not ended with the process: it may come back, with what it holds.
    const client = await sandbox.client();
    const agents = await client.agents.list({ project: sandbox.repo });
    assert.deepInclude(
      agents.map((agent) => ({ name: agent.name, harness: agent.harness })),
      { name, harness: "claude-code" },
    );
  });
});
