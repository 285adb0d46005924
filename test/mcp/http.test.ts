/** `/mcp` with the official client, on a port of a real daemon: whose token says what, and how sessions end. */
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { tools } from "../../shared/mcp/tools.ts";
import { Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";
import { type Answer, overHttp, overStdio } from "./mcpClients.ts";
import { begin, post, type Serving, serving, tokenOf } from "./serving.ts";

describe("/mcp", () => {
  let sandbox: Sandbox;
  let server: Serving;
  let launcher: string;
  const register = async (name: string, cwd = sandbox.repo): Promise<string> => {
    const { code, stdout, stderr } = await sandbox.cli(["agent", "register", name, "--json"], { cwd });
    assert.strictEqual(code, 0, stderr);
    return JSON.parse(stdout).token;
  };
  const named = (answer: Answer): string => {
    assert.isFalse(answer.isError, answer.text);
    return String(answer.data.name);
  };
  const live = async () => {
    const client = await sandbox.client();
    return (await client.agents.list({ project: sandbox.repo })).map(({ name }) => name);
  };
  const leases = async () => {
    const client = await sandbox.client();
    const all = await client.reservations.list({ project: sandbox.repo });
    return all.map(({ holder, patterns }) => `${holder}: ${patterns.join(" ")}`);
  };

  beforeAll(async () => {
    sandbox = new Sandbox();
    sandbox.commit({ "src/a.ts": "1\n" });
    await register("bystander");
    server = await serving(sandbox);
    launcher = tokenOf(sandbox, "launcher");
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    assert.deepStrictEqual(await sandbox.end(), []);
  });

  it("serves the agent whose token it is, of every version of MCP, without a word about the project", async () => {
    const token = await register("ada");
    for (const mode of ["legacy", "auto"] as const) {
      await using connection = await overHttp(server.url, token, { mode });
      const listed = await connection.client.listTools();
      assert.deepStrictEqual(
        listed.tools.map(({ name }) => name),
        tools.map(({ name }) => name),
      );
      const joined = await connection.call("agentmail_init");
      assert.strictEqual(named(joined), "ada");
      assert.strictEqual(joined.data.project, sandbox.repo);
      assert.strictEqual(
        (await connection.call("agentmail_init", { agent_name: "bystander" })).tag,
        "NotAllowed",
      );
      await connection.call("agentmail_reserve", { patterns: ["ada.ts"] });
      assert.include(await leases(), "ada: ada.ts");
      await connection.call("agentmail_release", { all: true });
    }
    // The same agent at the command line: there is one of it.
    await using bridge = await overStdio(sandbox, { env: { OCVIBE_AGENT_TOKEN: token } });
    assert.strictEqual(named(await bridge.call("agentmail_init")), "ada");
  });

  it("speaks every version of MCP that has sessions as it is asked", async () => {
    for (const version of ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])
      assert.isString(await begin(server.url, launcher, version), version);
  });

  it("makes an agent of each session of the launcher's, which conflict as any two do", async () => {
    await using one = await overHttp(server.url, launcher, { project: sandbox.repo });
    await using two = await overHttp(server.url, launcher, { project: sandbox.repo });
    const before = await live();
    await one.client.listTools();
    assert.deepStrictEqual(await live(), before);
    const first = named(await one.call("agentmail_init", { agent_name: "hopper" }));
    assert.strictEqual(first, "hopper");
    assert.strictEqual(named(await one.call("agentmail_init")), "hopper");
    const second = named(await two.call("agentmail_init"));
    assert.notStrictEqual(first, second);
    await one.call("agentmail_reserve", { patterns: ["shared/"] });
    const denied = await two.call("agentmail_reserve", { patterns: ["shared/x.ts"] });
    assert.strictEqual(denied.tag, "LeaseConflict");
    assert.match(denied.text, /hopper holds shared\//);
    const waiting = two.call("agentmail_reserve", { patterns: ["shared/x.ts"], waitSeconds: 20 });
    await one.call("agentmail_release", { all: true });
    assert.deepInclude((await waiting).data, { kind: "granted" });
    assert.include(await leases(), `${second}: shared/x.ts`);
    // The session's end is the agent's.
    await two.terminate();
    assert.notInclude(await live(), second);
    assert.notInclude(await leases(), `${second}: shared/x.ts`);
    assert.include(await live(), "hopper");
    await one.terminate();
  });

  it("makes one agent of a session whose first calls come at once, and none that outlives it", async () => {
    const before = await live();
    await using connection = await overHttp(server.url, launcher, { project: sandbox.repo });
    const calls = Array.from({ length: 10 }, () => connection.call("agentmail_init"));
    assert.strictEqual(new Set((await Promise.all(calls)).map(named)).size, 1);
    assert.lengthOf(await live(), before.length + 1);
    await connection.terminate();
    await using brief = await overHttp(server.url, launcher, { project: sandbox.repo });
    // Answered or cut off: it has begun when the session ends.
    const cut = Promise.allSettled([brief.call("agentmail_init")]);
    await brief.terminate();
    await cut;
    assert.deepStrictEqual(await live(), before);
  });

  it("says what is missing when a launcher's session names no project, or one that is none of ours", async () => {
    await using nowhere = await overHttp(server.url, launcher);
    const unsaid = await nowhere.call("agentmail_init");
    assert.strictEqual(unsaid.tag, "InvalidInput");
    assert.match(unsaid.text, /add \?project= with an absolute path/);
    const stranger = new Sandbox();
    stranger.commit({ "a.ts": "1\n" });
    await using elsewhere = await overHttp(server.url, launcher, { project: stranger.repo });
    const unmanaged = await elsewhere.call("agentmail_init");
    assert.strictEqual(unmanaged.tag, "NotFound");
    assert.match(unmanaged.text, /is no project of OpenCode Vibe/);
    // The newest version of MCP knows no sessions, so there is none that an agent could be made of.
    await using modern = await overHttp(server.url, launcher, { project: sandbox.repo, mode: "auto" });
    const nobody = await modern.call("agentmail_init");
    assert.strictEqual(nobody.tag, "NotAllowed");
    assert.match(nobody.text, /ocvibe agent register/);
    assert.deepStrictEqual(await stranger.end(), []);
  });

  it("keeps an agent to its own project", async () => {
    const other = new Sandbox();
    other.commit({ "a.ts": "1\n" });
    await register("guest", other.repo);
    const token = await register("keeper");
    await using connection = await overHttp(server.url, token, { project: other.repo });
    const answer = await connection.call("agentmail_reserve", { patterns: ["a.ts"] });
    assert.strictEqual(answer.tag, "NotAllowed");
    assert.match(answer.text, /another project than keeper's own/);
    await using bridge = await overStdio(sandbox, { env: { OCVIBE_AGENT_TOKEN: token }, cwd: other.repo });
    assert.strictEqual((await bridge.call("agentmail_init")).tag, "NotAllowed");
    // A folder that is of no project may be a worker's checkout.
    await using outside = await overStdio(sandbox, {
      env: { OCVIBE_AGENT_TOKEN: token },
      cwd: sandbox.folder,
    });
    assert.strictEqual(named(await outside.call("agentmail_init")), "keeper");
    assert.deepStrictEqual(await other.end(), []);
  });

  it("refuses the person, and whoever has no token", async () => {
    const initialize = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    const person = await post(server.url, tokenOf(sandbox, "person"), initialize);
    assert.strictEqual(person.status, 403);
    assert.match(person.text, /does not speak for the person.*ocvibe agent register NAME/);
    assert.strictEqual((await post(server.url, undefined, initialize)).status, 401);
    assert.strictEqual((await post(server.url, "wrong", initialize)).status, 401);
  });

  it("lets nobody use or end another's session", async () => {
    const mine = await register("owner");
    const theirs = await register("thief");
    const session = await begin(server.url, mine);
    const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    for (const token of [theirs, launcher]) {
      assert.strictEqual((await post(server.url, token, list, { session })).status, 404);
      assert.strictEqual((await post(server.url, token, "", { session, method: "DELETE" })).status, 404);
    }
    assert.strictEqual((await post(server.url, mine, list, { session })).status, 200);
    assert.strictEqual((await post(server.url, mine, "", { session, method: "DELETE" })).status, 204);
    assert.strictEqual((await post(server.url, mine, list, { session })).status, 404);
  });

  it("stops a call that is cancelled, and one whose caller has gone", async () => {
    const token = await register("reader");
    const client = await sandbox.client();
    const busy = async () => (await client.daemon.status({})).clients;
    await using connection = await overHttp(server.url, token);
    await connection.call("agentmail_init");
    const session = await begin(server.url, token);
    const before = await busy();
    const inbox = { name: "agentmail_inbox", arguments: { waitSeconds: 20 } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params: inbox });
    const ways: ReadonlyArray<(signal: AbortSignal) => Promise<unknown>> = [
      (signal) => connection.call("agentmail_inbox", { waitSeconds: 20 }, { signal }),
      (signal) => post(server.url, token, body, { session, signal }),
    ];
    for (const way of ways) {
      const given = new AbortController();
      const waiting = way(given.signal).then(
        () => "answered",
        () => "stopped",
      );
      await until(async () => (await busy()) > before);
      given.abort();
      assert.strictEqual(await waiting, "stopped");
      await until(async () => (await busy()) === before, 10);
      // What had been stopped would have taken the letter.
      await client.mail.send({ project: sandbox.repo, to: ["reader"], subject: "for you", body: "" });
      const read = await connection.call("agentmail_inbox");
      const [letter] = read.data.messages as ReadonlyArray<{
        readonly id: string;
        readonly delivery: string;
      }>;
      assert.isDefined(letter, read.text);
      await connection.call("agentmail_ack", { id: letter.id, delivery: letter.delivery });
    }
  });

  it("begins anew after kill -9 of the daemon: an agent is who it was, a launcher's session is a new one", async () => {
    const token = await register("lasting");
    const agent = await overHttp(server.url, token, { mode: "auto" });
    const visitor = await overHttp(server.url, launcher, { project: sandbox.repo });
    const name = named(await visitor.call("agentmail_init"));
    await visitor.call("agentmail_reserve", { patterns: ["visited.ts"] });
    await agent.call("agentmail_reserve", { patterns: ["lasting.ts"] });
    const { port } = server;
    await sandbox.killDaemon();
    await server[Symbol.asyncDispose]();
    await sandbox.startDaemon();
    server = await serving(sandbox, port);
    const answer = await agent.call("agentmail_init");
    assert.strictEqual(named(answer), "lasting");
    assert.match(answer.text, /You hold: lasting\.ts/);
    // Nobody can come back to the session, so nobody is left to give its files back.
    const refused = await visitor.call("agentmail_init").then(
      (late) => late.text,
      (cause) => String(cause),
    );
    assert.match(refused, /no such session/);
    assert.notInclude(await live(), name);
    assert.notInclude(await leases(), `${name}: visited.ts`);
    await using again = await overHttp(server.url, launcher, { project: sandbox.repo });
    assert.notStrictEqual(named(await again.call("agentmail_init")), name);
    await agent[Symbol.asyncDispose]();
    await visitor[Symbol.asyncDispose]();
  });
});
