/**
 * A folder with a repository, agents and a data folder of its own, driven through the built programs
 * (`dist-test`) as a user would. Its daemon is ended with it, by its pid; what else of it still runs is a fault.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect, type DaemonClient } from "../../shared/client/connect.ts";
import { collectStore } from "./collectStore.ts";
import { isAlive } from "./processes.ts";

export const programs = join(import.meta.dirname, "..", "..", "dist-test");

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Sandbox {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "ocvibe-test-")));
  readonly repo = join(this.folder, "repo");
  readonly home = join(this.folder, "home");
  readonly agents = join(this.folder, "agents");

  /** Writes files below the repository and commits them; the repository is made at the first call. */
  commit(files: Readonly<Record<string, string>>, message = "work"): string {
    if (!existsSync(join(this.repo, ".git"))) {
      mkdirSync(this.repo, { recursive: true });
      this.git("init", "--quiet", "--initial-branch=main");
      this.git("config", "user.name", "Test User");
      this.git("config", "user.email", "test@example.com");
    }
    this.write(files);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  write(files: Readonly<Record<string, string>>, folder = this.repo): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }

  git(...args: ReadonlyArray<string>): string {
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: "0" };
    return execFileSync("git", args, { cwd: this.repo, encoding: "utf8", env }).trim();
  }

  /** Writes an agent program and answers its SPEC; its arguments must have no white space. */
  agent(name: string, source: string, ...args: ReadonlyArray<string>): string {
    mkdirSync(this.agents, { recursive: true });
    const file = join(this.agents, `${name}.mjs`);
    writeFileSync(file, source);
    return ["command:node", file, ...args].join(" ");
  }

  plan(plan: unknown, name = "plan.json"): string {
    const file = join(this.folder, name);
    writeFileSync(file, typeof plan === "string" ? plan : JSON.stringify(plan));
    return file;
  }

  env(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return { ...process.env, OCVIBE_HOME: this.home, OCVIBE_IDLE_SECONDS: "120", NO_COLOR: "1", ...extra };
  }

  /** Runs the command line to its end. */
  cli(
    args: ReadonlyArray<string>,
    options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
  ) {
    return new Promise<CliResult>((resolve, reject) => {
      const child = spawn(process.execPath, [join(programs, "ocvibe.js"), ...args], {
        cwd: options.cwd ?? this.repo,
        env: this.env(options.env),
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk) => {
        stdout += chunk;
      });
      child.stderr.on("data", (chunk) => {
        stderr += chunk;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  }

  /** Starts the daemon in the background with these variables, and answers when it listens. */
  async startDaemon(extra: Readonly<Record<string, string>> = {}): Promise<number> {
    mkdirSync(join(this.home, "logs"), { recursive: true });
    const child = spawn(process.execPath, [join(programs, "daemon.js")], {
      env: this.env(extra),
      stdio: "ignore",
      detached: true,
    });
    child.unref();
    for (let i = 0; i < 1200; i++) {
      // Perhaps a client started one at the same time, and that one won.
      const pid = this.daemonPid();
      if (pid !== undefined) return pid;
      await pause(25);
    }
    const refusal = join(this.home, "daemon-refused.txt");
    const why = existsSync(refusal) ? readFileSync(refusal, "utf8") : `exit code ${child.exitCode}`;
    throw new Error(`the daemon did not come up: ${why}`);
  }

  /** The pid that the running daemon announced, undefined when none has or it is gone. */
  daemonPid(): number | undefined {
    try {
      const { pid } = JSON.parse(readFileSync(join(this.home, "daemon.json"), "utf8"));
      return isAlive(pid) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  client(): Promise<DaemonClient> {
    return connect({ start: false, folder: this.home });
  }

  /** As `kill -9`, and waits until it is gone. */
  async killDaemon(): Promise<void> {
    const pid = this.daemonPid();
    if (pid === undefined) return;
    process.kill(pid, "SIGKILL");
    while (isAlive(pid)) await pause(5);
  }

  /** Processes that have this sandbox in their command line or working directory, and are no daemon. */
  processes(): ReadonlyArray<string> {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((pid) => {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
          const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
          const mine = command.includes(this.folder) || environment.includes(this.folder);
          return mine ? [`${pid} ${command}`] : [];
        } catch {
          return [];
        }
      });
  }

  /** Ends the daemon and removes the folder; answers what still ran. */
  async end(): Promise<ReadonlyArray<string>> {
    const pid = this.daemonPid();
    if (pid !== undefined) {
      process.kill(pid, "SIGTERM");
      for (let i = 0; i < 400 && isAlive(pid); i++) await pause(25);
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
    let left = this.processes();
    for (let i = 0; i < 40 && left.length > 0; i++) {
      await pause(50);
      left = this.processes();
    }
    collectStore(join(this.home, "store.db"));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    return left;
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Every byte of a repository that a swarm must not touch: HEAD, refs, index, config, stash and files. */
export const fingerprint = (repo: string): string => {
  const run = (...args: ReadonlyArray<string>) =>
    spawnSync("git", args, { cwd: repo, encoding: "utf8", env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" } })
      .stdout;
  const digest = (path: string) => spawnSync("sha256sum", [path], { cwd: repo, encoding: "utf8" }).stdout;
  const files = run("ls-files", "--cached", "--others", "-z")
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(repo, path)));
  return [
    readFileSync(join(repo, ".git", "HEAD"), "utf8"),
    run("for-each-ref", "--format=%(refname) %(objectname)")
      .split("\n")
      .filter((line) => !line.startsWith("refs/vibe/"))
      .join("\n"),
    digest(".git/index"),
    digest(".git/config"),
    run("stash", "list"),
    ...files.map(digest),
  ].join("\n");
};
