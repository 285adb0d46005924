/**
 * A plain call of `status` goes past the command-line library, since it is asked for all the time. Whoever calls it must
 * not notice: both ways print the same, and end the same.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { plainStatus } from "../../daemon/cli/plainStatus.ts";
import { layOutBigSwarm, startBigSwarm } from "../support/bigSwarm.ts";
import { programs, Sandbox } from "../support/sandbox.ts";
import { until } from "../support/until.ts";

const box = new Sandbox();
let epic = "";
beforeAll(async () => {
  const text = layOutBigSwarm(box);
  await box.startDaemon();
  const client = await box.client();
  ({ epic } = await startBigSwarm(client, box.repo, text, false));
  await until(async () => (await client.swarm.status({ project: box.repo, epic })).status === "ready");
}, 60_000);
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

/** The file of the bundle that a source became. */
const built = (source: string): string => {
  const { outputs } = JSON.parse(readFileSync(join(programs, "meta.json"), "utf8")) as {
    readonly outputs: Readonly<Record<string, { readonly entryPoint?: string }>>;
  };
  const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === source) ?? [];
  assert.isDefined(path, `${source} is loaded when it is needed`);
  return join(programs, "..", path!);
};

const byLibrary = (args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const script = `
      process.argv.splice(1, 0, ${JSON.stringify(join(programs, "ocvibe.js"))});
      const { runCli } = await import(${JSON.stringify(built("daemon/cli/runCli.ts"))});
      await runCli(process.argv.slice(2));
    `;
    const child = execFile(
      process.execPath,
      ["--input-type=module", "--eval", script, "--", ...args],
      { cwd: box.repo, env: box.env() },
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

describe("a plain call of status", () => {
  it.each([
    [["status"]],
    [["status", "--json"]],
    [["--json", "status"]],
    [["status", "EPIC"]],
    [["status", "EPIC", "--json"]],
    [["status", "--project", "src"]],
    [["--project", "src", "status", "EPIC"]],
    [["status", "nothing-1"]],
    [["status", "nothing-1", "--json"]],
    [["status", "--project", "/"]],
    [["status", "--project", "missing", "--json"]],
  ])("prints what the library's does: %j", async (given) => {
    const args = given.map((word) => (word === "EPIC" ? epic : word));
    assert.isDefined(plainStatus(args), "it is taken for plain");
    const [quick, slow] = await Promise.all([box.cli(args), byLibrary(args)]);
    assert.deepStrictEqual(quick, slow);
  });

  it.each([
    [[]],
    [["status", "--watch"]],
    [["status", "--help"]],
    [["status", "a", "b"]],
    [["status", ""]],
    [["status", "--json=true"]],
    [["status", "--json", "--json"]],
    [["status", "--project"]],
    [["status", "--project", "--json"]],
    [["status", "--project=src"]],
    [["status", "--", "a"]],
    [["hive", "status"]],
  ])("is not %j", (args) => {
    assert.isUndefined(plainStatus(args));
  });
});
