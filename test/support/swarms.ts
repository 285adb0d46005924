/**
 * Swarms for the proofs: small agents written as a line or two of code, and a swarm taken from its plan to where
 * nothing more happens by itself. One daemon serves many repositories, so that a suite starts only one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DaemonClient } from "../../shared/client/connect.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { followToEnd } from "./bigSwarm.ts";
import { fingerprint, userGit } from "./gitFixture.ts";
import type { Sandbox } from "./sandbox.ts";

/** What every agent's code may use: `prompt`, `retry` (with findings from the gate), `write`, `git`. */
const prelude = `
import * as fs from "node:fs";
import { dirname } from "node:path";
import { execFileSync, spawn, spawnSync } from "node:child_process";
const prompt = fs.readFileSync(0, "utf8");
const retry = process.env.OCVIBE_FINDINGS !== undefined;
const write = (path, text) => { fs.mkdirSync(dirname(path), { recursive: true }); fs.writeFileSync(path, text); };
const git = (...args) => execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const waitFor = async (path) => { while (!fs.existsSync(path)) await new Promise((go) => setTimeout(go, 10)); };
`;

let agents = 0;
/** Writes an agent and answers its SPEC. */
export const scriptAgent = (box: Sandbox, code: string): string =>
  box.agent(`agent-${++agents}`, `${prelude}\n${code}\n`);

export interface Task {
  readonly files: ReadonlyArray<string>;
  readonly agent: string;
  readonly title?: string;
  readonly after?: ReadonlyArray<number>;
}

export interface StartOptions {
  readonly land?: boolean;
  readonly landUnchecked?: boolean;
  readonly maxWorkers?: number;
}

/** Approves plan and checks as the person would, and starts. */
export const startSwarm = async (
  client: DaemonClient,
  project: string,
  tasks: ReadonlyArray<Task>,
  options: StartOptions = {},
): Promise<SwarmView> => {
  const text = JSON.stringify({
    epic: { title: "A proof" },
    subtasks: tasks.map((task, index) => ({
      title: task.title ?? `Task ${index}`,
      files: task.files,
      dependencies: task.after ?? [],
      estimated_complexity: 1,
      agent: task.agent,
    })),
  });
  const maxWorkers = options.maxWorkers ?? 3;
  const { base, checks, planHash } = await client.swarm.propose({ project, text, maxWorkers });
  await client.swarm.approveChecks({ project, base, hashes: checks.map(({ check }) => check.hash) });
  return client.swarm.start({ ...options, project, text, base, approvedPlan: planHash, maxWorkers });
};

/** Starts, waits until nothing more happens by itself, and answers where the swarm stands then. */
export const runSwarm = async (
  client: DaemonClient,
  project: string,
  tasks: ReadonlyArray<Task>,
  options: StartOptions = {},
): Promise<SwarmView> => {
  const { epic } = await startSwarm(client, project, tasks, options);
  return settled(client, project, epic);
};

/** Waits until the daemon does nothing more for a swarm, and answers where it stands. */
export const settled = async (client: DaemonClient, project: string, epic: string): Promise<SwarmView> => {
  await followToEnd(client, project, epic);
  return client.swarm.status({ project, epic });
};

/** Lands what the swarm has now, as a person who looked at it. */
export const landNow = (client: DaemonClient, project: string, view: SwarmView): Promise<SwarmView> =>
  client.swarm.land({ project, epic: view.epic, commit: view.head ?? "" });

/**
 * Everything of a repository byte for byte and with its times, `.git` included, but for the two places that may
 * be ours. Objects without their times: git touches one that it was about to write again, in a repository that
 * only borrows it too.
 */
export const everything = async (root: string): Promise<Readonly<Record<string, string>>> => {
  const found = await fingerprint(root, [".git/vibe", ".git/refs/vibe"]);
  const timeless = ([path, entry]: [string, string]) =>
    [path, path.startsWith(".git/objects/") ? entry.replace(/ \S+ /, " ") : entry] as const;
  return Object.fromEntries(Object.entries(found).map(timeless));
};

/** The names of all refs, and of what lies under `.git/vibe`. */
export const oursIn = (root: string) => ({
  refs: userGit(root, "for-each-ref", "--format=%(refname)")
    .split("\n")
    .filter((line) => line !== ""),
  vibe: readdirSync(join(root, ".git", "vibe")).sort(),
});

/** The bare repository that the daemon keeps for a project. */
export const workshopOf = (box: Sandbox, root: string): string => {
  const { id } = JSON.parse(readFileSync(join(root, ".git", "vibe", "project.json"), "utf8"));
  return join(box.home, "projects", id, "workshop.git");
};

export const refsOf = (gitDir: string): ReadonlyArray<string> =>
  userGit(gitDir, "for-each-ref", "--format=%(refname)")
    .split("\n")
    .filter((line) => line !== "");
