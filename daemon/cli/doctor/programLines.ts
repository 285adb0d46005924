/** What `doctor` finds of other programs: Node, git, the agents that may work, and Ollama's server. */
import { execFile } from "node:child_process";
import type { Diagnosis } from "../../../shared/contract/daemonRoutes.ts";
import { findOnPath } from "../findOnPath.ts";
import { plain, shorten } from "../render/text.ts";

type Line = typeof Diagnosis.Type;

/** `git merge-tree --write-tree`, which merging is built on, came with this version. */
const oldestGit = [2, 38] as const;
const gitRemedy = `Install git ${oldestGit.join(".")} or newer.`;

const agents: Readonly<Record<string, string>> = {
  opencode: "Install it with `npm install -g opencode-ai` to have it work on subtasks.",
  claude: "Install it with `npm install -g @anthropic-ai/claude-code` to have it work on subtasks.",
  codex: "Install it with `npm install -g @openai/codex` to have it work on subtasks.",
  ollama: "Install it from https://ollama.com to use models of this machine.",
};

export const programLines = async (env: NodeJS.ProcessEnv): Promise<ReadonlyArray<Line>> => {
  const named = Object.entries(agents).map(async ([name, install]) => agentLine(name, install, env));
  const lines = await Promise.all([gitLine(env), ...named, ollamaLine(env)]);
  return [nodeLine, ...lines.flat()];
};

const nodeLine: Line = { what: "node", ok: true, detail: `${process.versions.node} (${process.execPath})` };

const gitLine = async (env: NodeJS.ProcessEnv): Promise<ReadonlyArray<Line>> => {
  const file = onPath("git", env);
  if (file === undefined) {
    return [{ what: "git", ok: false, detail: "git was not found on the PATH", remedy: gitRemedy }];
  }
  return [judgeGit(await ask(file, env))];
};

export const judgeGit = (answer: string): Line => {
  const [, version = "", major = "0", minor = "0"] = /((\d+)\.(\d+)[\w.]*)/.exec(answer) ?? [];
  const [oldMajor, oldMinor] = oldestGit;
  const ok = Number(major) > oldMajor || (Number(major) === oldMajor && Number(minor) >= oldMinor);
  const detail = version === "" ? `git answered "${answer}"` : version;
  return { what: "git", ok, detail, ...(ok ? {} : { remedy: gitRemedy }) };
};

const agentLine = async (
  name: string,
  install: string,
  env: NodeJS.ProcessEnv,
): Promise<ReadonlyArray<Line>> => {
  const file = onPath(name, env);
  if (file === undefined) {
    return [{ what: name, ok: true, note: true, detail: "not found on the PATH", remedy: install }];
  }
  const answer = await ask(file, env);
  const version = /\d+\.\d+[\w.+-]*/.exec(answer)?.[0];
  if (version === undefined) {
    return [
      {
        what: name,
        ok: true,
        note: true,
        detail: `${file} did not say its version`,
        remedy: `Run \`${name} --version\` to see why.`,
      },
    ];
  }
  const found: Line = { what: name, ok: true, detail: `${version} (${file})` };
  return name === "opencode" ? [found, sessionsLine] : [found];
};

/** SEMANTICS of identity: an MCP call of OpenCode's does not say for which session it is made. */
const sessionsLine: Line = {
  what: "sessions",
  ok: true,
  note: true,
  detail:
    "OpenCode does not say which of its sessions calls, so all sessions that you start by hand in one OpenCode process count as one agent, with the same leases",
  remedy: "To tell them apart, start each in an `opencode` of its own.",
};

const ollamaLine = async (env: NodeJS.ProcessEnv): Promise<ReadonlyArray<Line>> => {
  const url = ollamaUrl(env.OLLAMA_HOST);
  const what = "ollama server";
  const remedy = "Start it with `ollama serve`, or set OLLAMA_HOST to where it runs.";
  const silent = (detail: string): ReadonlyArray<Line> => [{ what, ok: true, note: true, detail, remedy }];
  if (url === undefined) return silent(`OLLAMA_HOST is no address: ${plain(env.OLLAMA_HOST ?? "")}`);
  try {
    const response = await fetch(new URL("/api/version", url), {
      redirect: "error",
      signal: AbortSignal.timeout(2000),
    });
    const answer: unknown = await response.json();
    const version = (answer as { version?: unknown } | null)?.version;
    if (typeof version !== "string") return silent(`what answers at ${url.host} is not Ollama`);
    return [{ what, ok: true, detail: `${shorten(plain(version), 40)} at ${url.host}` }];
  } catch {
    return silent(`nobody answers at ${url.host}`);
  }
};

/** As Ollama's own client reads it: a host, a port, both, or a URL; one that listens everywhere is asked here. */
export const ollamaUrl = (given: string | undefined): URL | undefined => {
  const text = given?.trim() || "127.0.0.1";
  const withScheme = /^https?:\/\//.test(text)
    ? text
    : `http://${text.startsWith(":") ? "127.0.0.1" : ""}${text}`;
  if (!URL.canParse(withScheme)) return undefined;
  const url = new URL(withScheme);
  // A URL drops the port that its scheme has by default, so that it is looked for in the text.
  if (!/:\d+(\/|$)/.test(withScheme) && url.protocol === "http:") url.port = "11434";
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.hostname === "[::]") url.hostname = "[::1]";
  return url;
};

/** The first line that a program prints of itself, empty when it prints none in time. */
const ask = (file: string, env: NodeJS.ProcessEnv): Promise<string> =>
  new Promise((resolve) => {
    const options = { env, timeout: 10_000, killSignal: "SIGKILL", maxBuffer: 64 * 1024 } as const;
    const shell = /\.(cmd|bat)$/i.test(file);
    // Windows starts a script through its shell only; the path stands in quotes, and the argument is ours.
    const child = execFile(shell ? `"${file}"` : file, ["--version"], { ...options, shell }, (_, stdout) => {
      resolve(shorten(plain(stdout.trim().split("\n")[0] ?? ""), 80));
    });
    child.stdin?.end();
  });

const onPath = (name: string, env: NodeJS.ProcessEnv): string | undefined =>
  findOnPath(process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name], env);
