/**
 * The server of a real VS Code with VSIX installed, in a folder of its own: its data, its settings and its person's home
 * are there, so that nothing of this machine's VS Code is read or written. Windows are opened in a browser at `url`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { descendants } from "../descendants.ts";
import { isAlive } from "../processes.ts";
import { codeServer } from "./codeServer.ts";
import { collectOutput } from "./collectOutput.ts";
import { installedExtensions } from "./installedExtensions.ts";
import { settingsOf, type Theme } from "./settings.ts";

export interface ServeOptions {
  readonly vsix: ReadonlyArray<string>;
  /** Variables of the server, and so of the extension host, beside what keeps it to its folder. */
  readonly env: NodeJS.ProcessEnv;
  /** False opens folders in Restricted Mode. */
  readonly trusted?: boolean;
  readonly theme?: Theme;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface VsCodeServer {
  /** The folder of its data. */
  readonly data: string;
  /** Of a window on a folder, on a `.code-workspace` file, or on nothing. */
  readonly url: (workspace?: string) => string;
  /** Ends it and what it started, but for the process `spare` and what that started. */
  readonly end: (spare?: number) => Promise<void>;
}

export const serveVsCode = async (folder: string, options: ServeOptions): Promise<VsCodeServer> => {
  const data = join(folder, "vscode");
  const home = join(folder, "person");
  mkdirSync(home, { recursive: true });
  const settings = JSON.stringify(settingsOf(options.theme ?? "dark", options.settings ?? {}));
  // A window that speaks to a server takes what belongs to the machine from the second.
  for (const place of ["User", "Machine"]) {
    mkdirSync(join(data, "data", place), { recursive: true });
    writeFileSync(join(data, "data", place, "settings.json"), settings);
  }
  const own = { HOME: home, XDG_CONFIG_HOME: join(home, "config"), XDG_DATA_HOME: join(home, "data") };
  const env = { ...options.env, ...own };
  const program = await codeServer();
  const extensions = await installedExtensions(program, options.vsix);
  const common = ["--accept-server-license-terms", "--server-data-dir", data, "--extensions-dir", extensions];
  const listen = ["--host", "127.0.0.1", "--port", "0", "--without-connection-token"];
  const trust = options.trusted === false ? [] : ["--disable-workspace-trust"];
  const server = spawn(
    process.execPath,
    [program, ...common, ...listen, "--telemetry-level", "off", ...trust],
    {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      cwd: folder,
    },
  );
  const port = await portOf(server);
  return {
    data,
    url: (workspace) => {
      const name = workspace?.endsWith(".code-workspace") === true ? "workspace" : "folder";
      const what = workspace === undefined ? "ew=true" : `${name}=${encodeURIComponent(workspace)}`;
      return `http://127.0.0.1:${port}/?${what}`;
    },
    end: (spare) => stop(server, spare),
  };
};

/** The port that the server says it listens on. */
const portOf = (server: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    const said = collectOutput(server);
    server.stdout?.on("data", () => {
      const port = /listening on (\d+)/.exec(said())?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    server.on("error", reject);
    server.on("close", (code) => reject(new Error(`VS Code's server ended with ${code}: ${said()}`)));
  });

/**
 * The server keeps extension hosts for hours in case the browser comes back, so each is ended by its pid. The daemon
 * that one of them started is the sandbox's to end.
 */
const stop = async (server: ChildProcess, spare: number | undefined): Promise<void> => {
  const pid = server.pid ?? 0;
  const started = [pid, ...descendants(pid, spare)];
  for (let n = 0; ; n++) {
    const left = started.filter(isAlive);
    if (left.length === 0) return;
    if (n % 100 === 0) for (const one of left) tryToEnd(one, n === 0 ? "SIGTERM" : "SIGKILL");
    await sleep(25);
  }
};

const tryToEnd = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    // It ended by itself meanwhile.
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
};
