/**
 * What every test of bad input looks at: the one sentence on standard error, the exit code, and that the
 * repository, byte for byte, and the daemon's folders are as they were.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { assert } from "vitest";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { fingerprint } from "../support/gitFixture.ts";
import type { CliResult, Sandbox } from "../support/sandbox.ts";

/** The flags of a start that asks nothing. */
export const unasked = ["--yes", "--allow-checks"];

export interface Refusal {
  readonly code: 1 | 2;
  /** What standard error says, in order; the first must be in its first line. */
  readonly says: ReadonlyArray<string | RegExp>;
}

/** The command failed with this exit code and said this, with nothing of a crash in it. */
export const assertRefused = (result: CliResult, { code, says }: Refusal): void => {
  const { stderr } = result;
  assert.strictEqual(result.code, code, `exit code; standard error was:\n${stderr}`);
  assert.notMatch(stderr, /\n\s+at |undefined|\[object|NaN|InternalError|Something went wrong/);
  assert.match(stderr, /^\S.*[.?]/, "it begins with a whole sentence");
  assert.notMatch(stderr, /[^./]\.\.(\s|$)/, "a full stop stands twice");
  let rest = stderr;
  for (const one of says) {
    const at = typeof one === "string" ? rest.indexOf(one) : rest.search(one);
    assert.isAtLeast(at, 0, `"${one}" is not in (or not in this order):\n${stderr}`);
    rest = rest.slice(at);
  }
};

/** The error that `--json` ends standard error with. */
export const jsonErrorOf = (result: CliResult) => {
  const line = result.stderr.trimEnd().split("\n").at(-1) ?? "";
  const { error } = JSON.parse(line) as { error: { tag: string; message: string } & Record<string, unknown> };
  assert.strictEqual(result.stdout, "", "with --json standard output has the result only, and there is none");
  return error;
};

/** Runs the command and checks that not one byte of the user's repository changed by it. */
export const leavingUntouched = async <A>(repo: string, run: () => Promise<A>): Promise<A> => {
  const ours = [".git/vibe", ".git/refs/vibe"];
  const before = await fingerprint(repo, ours);
  const result = await run();
  assert.deepStrictEqual(await fingerprint(repo, ours), before);
  return result;
};

/** What `status --json` lists; a repository that never was a project of ours has no swarms either. */
export const swarmsOf = async (box: Sandbox, cwd = box.repo): Promise<ReadonlyArray<SwarmView>> => {
  const result = await box.cli(["status", "--json"], { cwd });
  if (result.code === 0) return JSON.parse(result.stdout);
  const { tag, message } = jsonErrorOf(result);
  assert.strictEqual(tag, "NotFound", message);
  return [];
};

/** What a project's folder is to keep; a snapshot of the leases may just be being written. */
const kept = ["workshop.git", "leases.json", "leases.json.new"];

/** Checkouts of agents and of the gate that were left behind, in all projects. */
export const workLeft = (box: Sandbox): ReadonlyArray<string> => {
  const below = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  const projects = join(box.home, "projects");
  return below(projects).flatMap((id) =>
    below(join(projects, id))
      .filter((name) => !kept.includes(name))
      .flatMap((name) => below(join(projects, id, name)).map((left) => join(id, name, left))),
  );
};
