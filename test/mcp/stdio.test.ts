/** `ocvibe mcp` with the official client, against a real daemon: who speaks, what holds, and what goes wrong. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { tools } from "../../shared/mcp/tools.ts";
import { Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";
import { type Answer, type Connection, overStdio } from "./mcpClients.ts";

describe("ocvibe mcp", () => {
  let sandbox: Sandbox;
  const register = async (name: string): Promise<string> => {
    const { code, stdout, stderr } = await sandbox.cli(["agent", "register", name, "--json"]);
    assert.strictEqual(code, 0, stderr);
    return JSON.parse(stdout).token;
  };
  const named = (answer: Answer): string => {
    assert.isFalse(answer.isError, answer.text);
    return String(answer.data.name);
  };
  const leases = async () => {
    const client = await sandbox.client();
    const all = await client.reservations.list({ project: sandbox.repo });
    return all.map(({ holder, patterns }) => `${holder}: ${patterns.join(" ")}`);
  };

  beforeAll(async () => {
    sandbox = new Sandbox();
    sandbox.commit({ "src/a.ts": "1\n", "src/b.ts": "2\n" });
    await register("bystander");
  });
  afterAll(async () => {
    assert.deepStrictEqual(await sandbox.end(), []);
  });

  it("lists its tools without a daemon, and writes nothing", async () => {
    const empty = new Sandbox();
    empty.commit({ "a.ts": "1\n" });
    {
      await using connection = await overStdio(empty);
      const listed = await connection.client.listTools();
      assert.deepStrictEqual(
        listed.tools.map(({ name }) => name),
        tools.map(({ name }) => name),
      );
      for (const { name, description = "", inputSchema } of listed.tools) {
        assert.isAbove(description.length, 40, name);
        assert.isUndefined(inputSchema.properties?.project, name);
        assert.isDefined(inputSchema.properties?.agent_name, name);
      }
      assert.isFalse(existsSync(empty.home));
    }
    assert.deepStrictEqual(await empty.end(), []);
  });

  it("answers with a sentence in a folder that is no project of ours, and leaves it alone", async () => {
    const stranger = new Sandbox();
    stranger.commit({ "a.ts": "1\n" });
    const plain = join(stranger.folder, "plain");
    mkdirSync(plain);
    for (const cwd of [stranger.repo, plain]) {
      await using connection = await overStdio(stranger, { cwd });
      const answer = await connection.call("agentmail_reserve", { patterns: ["a.ts"] });
      assert.strictEqual(answer.tag, "NotFound");
      assert.match(answer.text, /is no project of OpenCode Vibe.*Go on without these tools/);
    }
    assert.isFalse(existsSync(join(stranger.repo, ".git", "vibe")));
    assert.deepStrictEqual(await stranger.end(), []);
  });

  it("does what each tool says", async () => {
    const called = new Set<string>();
    await using one = await overStdio(sandbox, { mode: "auto" });
    await using two = await overStdio(sandbox);
    const ok = async (connection: Connection, tool: string, given?: Record<string, unknown>) => {
      called.add(tool);
      const answer = await connection.call(tool, given);
      assert.isFalse(answer.isError, `${tool}: ${answer.text}`);
      assert.strictEqual(answer.data.text, answer.text);
      return answer;
    };
    const ada = named(await ok(one, "agentmail_init", { agent_name: "ada" }));
    assert.strictEqual(ada, "ada");
    const other = named(await ok(two, "agentmail_init"));
    assert.match((await ok(one, "agentmail_init")).text, new RegExp(`Also at work: .*${other}`));

    await ok(one, "agentmail_reserve", { patterns: ["tools/*.ts"], reason: "for the test" });
    assert.include(await leases(), "ada: tools/*.ts");
    await ok(one, "agentmail_release", { patterns: ["tools/*.ts"] });
    assert.notInclude(await leases(), "ada: tools/*.ts");

    await ok(one, "agentmail_send", { to: [other], subject: "hello", body: "there" });
    const [letter] = messagesOf(await ok(two, "agentmail_inbox"));
    assert.deepInclude(letter, { from: "ada", subject: "hello", body: "there" });
    await ok(two, "agentmail_ack", { id: letter?.id, delivery: letter?.delivery });
    assert.match((await ok(two, "agentmail_inbox")).text, /No mail waits/);

    const pending = await ok(one, "agentmail_ask", { to: other, subject: "which port?" });
    assert.strictEqual(pending.data.state, "pending");
    assert.include(pending.text, String(pending.data.id));
    const waiting = ok(one, "agentmail_ask", { id: pending.data.id, waitSeconds: 20 });
    const [question] = messagesOf(await ok(two, "agentmail_inbox", { waitSeconds: 20 }));
    await ok(two, "agentmail_send", { replyTo: question?.replyTo, body: "8080" });
    assert.deepInclude((await waiting).data, { state: "resolved", value: "8080" });

    const epic = await ok(one, "hive_create_epic", {
      title: "A larger thing",
      subtasks: [{ title: "first" }, { title: "second", dependencies: [0] }],
    });
    const [first, second] = cellsOf(epic);
    const bug = (await ok(one, "hive_create", { title: "A bug", priority: 0, issue_type: "bug" })).data
      .cell as Cell;
    const [urgent] = cellsOf(await ok(two, "hive_ready", { limit: 1 }));
    assert.strictEqual(urgent?.id, bug.id);
    await ok(one, "hive_start", { id: first?.id });
    assert.strictEqual((await two.call("hive_start", { id: first?.id })).isError, true);
    assert.match((await two.call("hive_start", { id: second?.id })).text, new RegExp(first?.id ?? "none"));
    await ok(one, "hive_update", { id: first?.id, title: "the first" });
    await ok(one, "hive_close", { id: first?.id, reason: "done" });
    assert.deepInclude((await ok(two, "hive_query", { id: first?.id })).data.cell as object, {
      title: "the first",
      status: "closed",
    });
    const closed = cellsOf(await ok(two, "hive_query", { status: "closed" }));
    assert.deepStrictEqual(
      closed.map(({ id }) => id),
      [first?.id],
    );

    assert.deepStrictEqual((await ok(one, "swarm_status")).data.swarms, []);
    const subtask = (title: string, file: string, dependencies: ReadonlyArray<number> = []) => ({
      title,
      files: [file],
      dependencies,
      estimated_complexity: 1,
    });
    const plan = { epic: { title: "Both" }, subtasks: [subtask("a", "src/a.ts"), subtask("b", "src/*.ts")] };
    called.add("swarm_validate_decomposition");
    const refused = await one.call("swarm_validate_decomposition", { plan });
    assert.strictEqual(refused.tag, "InvalidPlan");
    assert.match(refused.text, /neither waits for the other/);
    const mended = { ...plan, subtasks: [subtask("a", "src/a.ts"), subtask("b", "src/*.ts", [0])] };
    for (const given of [mended, JSON.stringify(mended)])
      assert.isTrue((await ok(one, "swarm_validate_decomposition", { plan: given })).data.valid);

    assert.deepStrictEqual([...called].toSorted(), tools.map(({ name }) => name).toSorted());
  });

  it("refuses files that another holds, says who and which place, and grants them in turn", async () => {
    await using holder = await overStdio(sandbox);
    await using waiter = await overStdio(sandbox);
    const name = named(await holder.call("agentmail_init"));
    await holder.call("agentmail_reserve", { patterns: ["queue/"] });
    const denied = await waiter.call("agentmail_reserve", { patterns: ["queue/x.ts"] });
    assert.strictEqual(denied.tag, "LeaseConflict");
    assert.match(denied.text, new RegExp(`${name} holds`));
    assert.match(denied.text, /you would be number 1/);
    const queued = await waiter.call("agentmail_reserve", { patterns: ["queue/x.ts"], waitSeconds: 0 });
    assert.deepInclude(queued.data, { kind: "waiting" });
    assert.match(queued.text, /You are number 1 in the queue/);
    const waiting = waiter.call("agentmail_reserve", { patterns: ["queue/x.ts"], waitSeconds: 20 });
    await holder.call("agentmail_release", { all: true });
    assert.deepInclude((await waiting).data, { kind: "granted" });
    // Whoever does not want to wait on gives the place back.
    const back = await holder.call("agentmail_reserve", { patterns: ["queue/"], waitSeconds: 0 });
    const { ticket } = (back.data as { readonly ticket: { readonly ticket: string } }).ticket;
    assert.isFalse((await holder.call("agentmail_release", { ticket })).isError);
    const client = await sandbox.client();
    assert.deepStrictEqual(await client.reservations.queue({ project: sandbox.repo }), []);
  });

  it("gives the files to whose turn it is, also when the call that waited was cancelled", async () => {
    await using holder = await overStdio(sandbox);
    await using waiter = await overStdio(sandbox);
    await using third = await overStdio(sandbox);
    const patterns = ["place/"];
    await holder.call("agentmail_reserve", { patterns });
    const given = new AbortController();
    const stopped = waiter.call("agentmail_reserve", { patterns, waitSeconds: 20 }, { signal: given.signal });
    const client = await sandbox.client();
    await until(async () => (await client.reservations.queue({ project: sandbox.repo })).length > 0);
    given.abort();
    assert.strictEqual((await Promise.allSettled([stopped]))[0].status, "rejected");
    await holder.call("agentmail_release", { all: true });
    const name = named(await waiter.call("agentmail_init"));
    assert.include(await leases(), `${name}: place/`);
    const late = await third.call("agentmail_reserve", { patterns });
    assert.strictEqual(late.tag, "LeaseConflict");
    assert.include(late.text, `${name} holds place/`);
    const again = await waiter.call("agentmail_reserve", { patterns, waitSeconds: 0 });
    assert.deepInclude(again.data, { kind: "granted" });
  });

  it("takes nobody's word for who it is", async () => {
    const token = await register("grace");
    await using given = await overStdio(sandbox, { env: { OCVIBE_AGENT_TOKEN: token } });
    assert.strictEqual(named(await given.call("agentmail_init")), "grace");
    assert.isFalse((await given.call("agentmail_inbox", { agent_name: "grace" })).isError);
    for (const tool of ["agentmail_init", "agentmail_inbox"]) {
      const refused = await given.call(tool, { agent_name: "bystander" });
      assert.strictEqual(refused.tag, "NotAllowed");
      assert.match(refused.text, /You are grace, not bystander/);
    }
    await using wrong = await overStdio(sandbox, { env: { OCVIBE_AGENT_TOKEN: "wrong" } });
    assert.strictEqual((await wrong.call("agentmail_init")).tag, "Unauthenticated");
    await using taken = await overStdio(sandbox);
    assert.strictEqual((await taken.call("agentmail_init", { agent_name: "grace" })).tag, "NameTaken");
    // An agent that was given its token does not end with the process.
    await given.client.close();
    await using again = await overStdio(sandbox, { env: { OCVIBE_AGENT_TOKEN: token } });
    assert.strictEqual(named(await again.call("agentmail_init")), "grace");
  });

  it("is the Claude Code session that it belongs to, which comes back with its files", async () => {
    const env = { CLAUDE_CODE_SESSION_ID: "5f9c" };
    const claude = { name: "claude-code", env };
    const first = await overStdio(sandbox, claude);
    const name = named(await first.call("agentmail_init"));
    await first.call("agentmail_reserve", { patterns: ["claude.ts"] });
    await first.client.close();
    await using second = await overStdio(sandbox, claude);
    assert.strictEqual(named(await second.call("agentmail_init")), name);
    assert.include(await leases(), `${name}: claude.ts`);
    // Another harness that Claude Code's shell started inherits the variable, and is not that session.
    await using nested = await overStdio(sandbox, { name: "opencode", env });
    assert.notStrictEqual(named(await nested.call("agentmail_init")), name);
  });

  it("keeps working when its session came back elsewhere, and when its agent was ended", async () => {
    const claude = { name: "claude-code", env: { CLAUDE_CODE_SESSION_ID: "6a0d" } };
    await using one = await overStdio(sandbox, claude);
    await using two = await overStdio(sandbox, claude);
    const name = named(await one.call("agentmail_init"));
    assert.strictEqual(named(await two.call("agentmail_init")), name);
    assert.strictEqual(named(await one.call("agentmail_init")), name);
    const ended = await sandbox.cli(["agent", "end", name]);
    assert.strictEqual(ended.code, 0, ended.stderr);
    assert.notStrictEqual(named(await one.call("agentmail_init")), name);
  });

  it("ends with its input, and gives back what it held", async () => {
    const connection = await overStdio(sandbox);
    const atOnce = Array.from({ length: 5 }, () => connection.call("agentmail_init"));
    const names = new Set((await Promise.all(atOnce)).map(named));
    const [name = "nobody"] = names;
    assert.strictEqual(names.size, 1);
    await connection.call("agentmail_reserve", { patterns: ["mine.ts"] });
    assert.include(await leases(), `${name}: mine.ts`);
    await connection.client.close();
    await until(async () => !(await leases()).includes(`${name}: mine.ts`));
    const client = await sandbox.client();
    const agents = await client.agents.list({ project: sandbox.repo });
    assert.notInclude(
      agents.map((agent) => agent.name),
      name,
    );
  });

  it("finds a new daemon when the old one was killed between two calls, and in one", async () => {
    await using connection = await overStdio(sandbox);
    const name = named(await connection.call("agentmail_init"));
    await connection.call("agentmail_reserve", { patterns: ["kept.ts"] });
    for (const waits of [false, true]) {
      const client = await sandbox.client();
      const before = (await client.daemon.status({})).clients;
      const waiting = waits ? connection.call("agentmail_inbox", { waitSeconds: 20 }) : undefined;
      if (waits) await until(async () => (await client.daemon.status({})).clients > before);
      await sandbox.killDaemon();
      // Whether it was done nobody knows, so it is not repeated.
      const cut = await waiting;
      if (cut !== undefined) {
        assert.strictEqual(cut.tag, "DaemonUnreachable");
        assert.match(cut.text, /call the tool again/);
      }
      const answer = await connection.call("agentmail_init");
      assert.strictEqual(named(answer), name);
      assert.match(answer.text, /You hold: kept\.ts/);
    }
  });

  it("stops a call that is cancelled", async () => {
    await using connection = await overStdio(sandbox);
    await connection.call("agentmail_init");
    const client = await sandbox.client();
    const before = (await client.daemon.status({})).clients;
    const given = new AbortController();
    const waiting = connection.call("agentmail_inbox", { waitSeconds: 20 }, { signal: given.signal });
    await until(async () => (await client.daemon.status({})).clients > before);
    given.abort();
    const [stopped] = await Promise.allSettled([waiting]);
    assert.strictEqual(stopped.status, "rejected");
    await until(async () => (await client.daemon.status({})).clients === before, 10);
    assert.isFalse((await connection.call("agentmail_inbox")).isError);
  });
});

type Cell = { readonly id: string };
const cellsOf = ({ data }: Answer) => data.cells as ReadonlyArray<Cell>;
const messagesOf = ({ data }: Answer) => data.messages as ReadonlyArray<Readonly<Record<string, unknown>>>;
