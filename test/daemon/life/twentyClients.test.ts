/** Many command lines that all find no daemon at the same moment: one daemon comes of it, and each gets its answer. */
import { readdirSync, readFileSync } from "node:fs";
import { assert, describe, it } from "vitest";
import { Sandbox } from "../../support/sandbox.ts";
import { until } from "../../support/until.ts";

const rounds = process.env.OCVIBE_TEST_TIER === "full" ? 100 : 5;
const clients = 20;

/** The daemons of a data folder, those included that only came to find the lock taken. */
const daemonsOf = (home: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        const program = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[1] ?? "";
        return variables.includes(`OCVIBE_HOME=${home}`) && program.endsWith("daemon.js");
      } catch {
        return false;
      }
    })
    .map(Number);

const round = async () => {
  const box = new Sandbox();
  box.commit({ "a.txt": "a\n" });
  // Each writes something and reads: an answer is right only when all of them spoke with the same store.
  const commands = Array.from({ length: clients }, (_, n) =>
    n % 2 === 0
      ? ["daemon", "start", "--json"]
      : ["agent", "register", `agent-${n}`, "--json", "--project", box.repo],
  );
  const results = await Promise.all(commands.map((args) => box.cli(args)));
  for (const { code, stderr } of results) assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" });
  const answers = results.map(({ stdout }) => JSON.parse(stdout));
  const statuses = answers.filter((_, n) => n % 2 === 0);
  const pid = box.daemonPid();
  assert.deepStrictEqual([...new Set(statuses.map((status) => status.pid))], [pid]);
  assert.strictEqual(new Set(statuses.map((status) => status.store)).size, 1);
  const registered = answers.filter((_, n) => n % 2 === 1);
  assert.strictEqual(new Set(registered.map(({ token }) => token)).size, clients / 2);
  const listed = JSON.parse((await box.cli(["agent", "list", "--json"])).stdout);
  assert.deepStrictEqual(
    listed.map(({ name }: { name: string }) => name).sort(),
    registered.map(({ name }) => name).sort(),
  );
  const opened = JSON.parse((await box.cli(["events", "--type", "project_opened", "--json"])).stdout);
  assert.strictEqual(opened.length, 1);
  await until(() => daemonsOf(box.home).length === 1);
  assert.deepStrictEqual(daemonsOf(box.home), [pid ?? 0]);
  assert.deepStrictEqual(await box.end(), []);
};

describe("twenty command lines at once on a fresh data folder", () => {
  it(`end with one daemon and twenty right answers, in each of ${rounds} rounds`, {
    timeout: rounds * 60_000,
  }, async () => {
    for (let n = 0; n < rounds; n++) await round();
  });
});
