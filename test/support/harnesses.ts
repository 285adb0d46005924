/**
 * The real coding agents that tests run. They are hundreds of megabytes, so they are installed once, at the first
 * test that needs one, into a cache beside the repository's (`$XDG_CACHE_HOME/opencode-vibe-tests`), and are no
 * dependencies. A machine that can't install them fails those tests with a sentence; they are never left out.
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, installOnce } from "./installOnce.ts";
import { runNpm } from "./runNpm.ts";

interface Harness {
  readonly package: string;
  readonly version: string;
  readonly program: string;
}

const harnesses = {
  opencode: { package: "opencode-ai", version: "1.18.33", program: "opencode" },
  claude: { package: "@anthropic-ai/claude-code", version: "2.1.330", program: "claude" },
} as const satisfies Record<string, Harness>;

/** The path of a harness's program. */
export const harness = async (name: keyof typeof harnesses): Promise<string> => {
  const wanted = harnesses[name];
  const folder = await installOnce(nameOf(wanted), (draft) => install(wanted, draft));
  return join(folder, "node_modules", ".bin", wanted.program);
};

const nameOf = (wanted: Harness) => `${wanted.package.replace(/^@/, "").replace("/", "-")}-${wanted.version}`;

const install = (wanted: Harness, draft: string) => {
  const what = `${wanted.package}@${wanted.version}`;
  const args = ["install", "--prefix", draft, "--no-audit", "--no-fund", "--loglevel", "error", what];
  return runNpm(args).catch((cause: Error) => {
    throw new Error(
      `This test needs ${what}, and npm can't install it. Install it by hand with: npm install --prefix ${cacheFolder(nameOf(wanted))} ${what}\n${cause.message}`,
    );
  });
};

/** What keeps a harness to itself: folders of its own, and no way to anything but this machine. */
export const harnessEnvironment = (folder: string): NodeJS.ProcessEnv => {
  const home = join(folder, "harness-home");
  mkdirSync(home, { recursive: true });
  const nowhere = "http://127.0.0.1:9";
  return {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_DATA_HOME: join(home, "data"),
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_STATE_HOME: join(home, "state"),
    CLAUDE_CONFIG_DIR: join(home, "claude"),
    HTTPS_PROXY: nowhere,
    HTTP_PROXY: nowhere,
    NO_PROXY: "127.0.0.1,localhost",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    // Else tools are offered by a search that only the real service carries out.
    ENABLE_TOOL_SEARCH: "false",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    NO_COLOR: "1",
  };
};

export interface HarnessRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a harness to its end, or ends it when it takes too long. */
export const runHarness = (
  program: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly seconds?: number },
): Promise<HarnessRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const late = setTimeout(() => child.kill("SIGKILL"), (options.seconds ?? 120) * 1000);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(late);
      resolve({ code, stdout, stderr });
    });
  });
