/** `ocvibe agent`: tokens for those who work by hand, and what is said when something is wrong. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { AgentView } from "../../shared/contract/agentRoutes.ts";
import { makeRepository } from "../support/gitFixture.ts";
import { type CliResult, Sandbox } from "../support/sandbox.ts";
import { assertRefused, jsonErrorOf, leavingUntouched } from "./refusals.ts";

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
  box.commit({ "src/a.ts": "a\n" });
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const parsed = <A>(result: CliResult): A => {
  assert.strictEqual(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as A;
};
const register = async (...args: ReadonlyArray<string>) =>
  parsed<{ name: string; token: string }>(await box.cli(["agent", "register", ...args, "--json"]));
const as = (token: string, ...args: ReadonlyArray<string>) =>
  box.cli(args, { env: { OCVIBE_AGENT_TOKEN: token } });
const listed = async (...args: ReadonlyArray<string>) =>
  parsed<ReadonlyArray<AgentView>>(await box.cli(["agent", "list", "--json", ...args]));

describe("agent register", () => {
  it("prints name and token, with which commands speak as that agent", async () => {
    const alice = await leavingUntouched(box.repo, () => register("Alice"));
    assert.deepStrictEqual(Object.keys(alice).toSorted(), ["name", "token"]);
    assert.strictEqual(alice.name, "Alice");
    parsed(await as(alice.token, "hive", "create", "by Alice", "--json"));
    const events = parsed<ReadonlyArray<{ type: string; actor: string }>>(
      await box.cli(["events", "--json"]),
    );
    const made = events.filter(({ type }) => type === "agent_registered" || type === "cell_created");
    assert.deepStrictEqual(
      made.map(({ actor }) => actor),
      ["person", "agent:Alice"],
    );
    assert.notInclude(JSON.stringify(events), alice.token);
  });

  it("gives a name when none was asked for, and says how to use the token", async () => {
    const result = await box.cli(["agent", "register"]);
    assert.strictEqual(result.code, 0, result.stderr);
    assert.match(
      result.stdout,
      /^Registered [A-Z][a-z]+[A-Z][a-z]+\. Its token is shown this once:\n {2}[\w-]{43}\n.*OCVIBE_AGENT_TOKEN/,
    );
  });

  it("gives a session that comes back its name again, and another token", async () => {
    const session = ["--harness", "claude", "--session", "s-1"];
    const first = await register("Carol", ...session);
    const second = await register(...session);
    assert.strictEqual(second.name, "Carol");
    assert.strictEqual((await as(second.token, "agent", "list")).code, 0);
    assertRefused(await as(first.token, "agent", "list"), {
      code: 1,
      says: ["token is not known", "Register again"],
    });
  });

  it("refuses what can't be a name, and a name that was given before", async () => {
    await register("Dora");
    for (const name of ["a b", "person", "x".repeat(65), ""]) {
      assertRefused(await box.cli(["agent", "register", name]), { code: 2, says: [/name/] });
    }
    const again = await box.cli(["agent", "register", "Dora"]);
    assert.strictEqual(again.code, 3);
    assert.match(again.stderr, /^The name Dora was given .* Take another\.\n$/);
    const error = jsonErrorOf(await box.cli(["agent", "register", "Dora", "--json"]));
    assert.strictEqual(error.tag, "NameTaken");
    assertRefused(await box.cli(["agent", "register", "--harness", "claude"]), {
      code: 2,
      says: ["both, or neither"],
    });
  });

  it("is not for agents", async () => {
    const { token } = await register("Fay");
    assertRefused(await as(token, "agent", "register", "Friend"), { code: 1, says: ["the person", "Fay"] });
  });

  it("needs a repository", async () => {
    assertRefused(await box.cli(["agent", "register"], { cwd: box.folder }), {
      code: 2,
      says: ["not in a git repository"],
    });
  });
});

describe("agent list and agent end", () => {
  it("list those at work; the person ends one, an agent itself", async () => {
    const george = await register("George");
    const helen = await register("Helen", "--harness", "claude", "--session", "s-9");
    const of = (all: ReadonlyArray<AgentView>) =>
      all
        .filter(({ name }) => ["George", "Helen"].includes(name))
        .map(({ name, endedAt }) => [name, endedAt !== undefined]);
    assert.deepStrictEqual(of(await listed()), [
      ["George", false],
      ["Helen", false],
    ]);
    assert.match((await box.cli(["agent", "list"])).stdout, /^Helen +by hand in claude +since 20/m);
    // An agent can't end another, and needs not say who it is.
    assertRefused(await as(george.token, "agent", "end", "Helen"), {
      code: 1,
      says: ["George can end itself only"],
    });
    assert.match((await as(george.token, "agent", "end")).stdout, /^George has ended/);
    assertRefused(await as(george.token, "agent", "list"), { code: 1, says: ["its agent has ended"] });
    assertRefused(await box.cli(["agent", "end"]), { code: 2, says: ["give its name"] });
    const ended = parsed<AgentView>(await box.cli(["agent", "end", "Helen", "--json"]));
    assert.isString(ended.endedAt);
    assert.strictEqual((await as(helen.token, "agent", "list")).code, 1);
    // Again does no harm.
    assert.strictEqual((await box.cli(["agent", "end", "Helen"])).code, 0);
    assertRefused(await box.cli(["agent", "end", "Nobody"]), {
      code: 2,
      says: ["no agent Nobody", "agent list"],
    });
    assert.deepStrictEqual(of(await listed()), []);
    assert.deepStrictEqual(of(await listed("--all")), [
      ["Helen", true],
      ["George", true],
    ]);
    assert.match((await box.cli(["agent", "list", "--all"])).stdout, /^George .* ended 20/m);
  });

  it("know nothing of a repository that is not ours, and leave it alone", async () => {
    const other = join(box.folder, "other");
    await makeRepository(other, { x: "x\n" });
    for (const command of [
      ["agent", "list"],
      ["agent", "end", "Alice"],
    ]) {
      assert.strictEqual((await box.cli(command, { cwd: other })).code, 2);
    }
    assert.isFalse(existsSync(join(other, ".git", "vibe")));
  });
});
