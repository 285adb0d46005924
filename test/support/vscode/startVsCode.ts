/**
 * A real VS Code with the packaged extension, for the sandbox it is given: its server, its data, the browser and
 * `OCVIBE_HOME` are this one's own, and what it started is ended with it, by pid. One for each test file; windows are
 * opened in it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { descendants } from "../descendants.ts";
import { isAlive } from "../processes.ts";
import { pause, type Sandbox } from "../sandbox.ts";
import { codeServer } from "./codeServer.ts";
import { findChromium } from "./findChromium.ts";
import { settingsOf, type Theme } from "./settings.ts";
import { VsCodeWindow } from "./VsCodeWindow.ts";
import { probeVsix, shippedVsix } from "./vsix.ts";

export interface VsCodeOptions {
  /** False opens folders in Restricted Mode. */
  readonly trusted?: boolean;
  readonly theme?: Theme;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Variables of the server, and so of the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /** False shows the browser. */
  readonly headless?: boolean;
}

export interface VsCode {
  /** Opens a window on a folder or a `.code-workspace` file, and answers when its extension host runs. */
  readonly open: (workspace?: string) => Promise<VsCodeWindow>;
  readonly windows: ReadonlyArray<VsCodeWindow>;
  readonly url: (workspace?: string) => string;
  /** The folder of the server's data. */
  readonly data: string;
  readonly end: () => Promise<void>;
}

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Nothing but this machine is to be reached.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

export const startVsCode = async (box: Sandbox, options: VsCodeOptions = {}): Promise<VsCode> => {
  const data = join(box.folder, "vscode");
  const probes = join(box.folder, "probes");
  const home = join(box.folder, "person");
  for (const folder of [probes, home]) mkdirSync(folder, { recursive: true });
  const settings = JSON.stringify(settingsOf(options.theme ?? "dark", options.settings ?? {}));
  // A window that speaks to a server takes what belongs to the machine from the second.
  for (const place of ["User", "Machine"]) {
    mkdirSync(join(data, "data", place), { recursive: true });
    writeFileSync(join(data, "data", place, "settings.json"), settings);
  }
  const env = { ...serverEnvironment(box, home, probes), ...options.env };
  const program = await codeServer();
  const common = [program, "--accept-server-license-terms", "--server-data-dir", data];
  const vsix = await Promise.all([shippedVsix(), probeVsix()]);
  await install([...common, ...vsix.flatMap((file) => ["--install-extension", file])], env);
  const server = spawn(
    process.execPath,
    [
      ...common,
      ...["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--telemetry-level", "off"],
      ...(options.trusted === false ? [] : ["--disable-workspace-trust"]),
    ],
    { env, stdio: ["ignore", "pipe", "pipe"], cwd: box.folder },
  );
  const port = await portOf(server);
  const url = (workspace?: string) => {
    const name = workspace?.endsWith(".code-workspace") === true ? "workspace" : "folder";
    return `http://127.0.0.1:${port}/?${workspace === undefined ? "ew=true" : `${name}=${encodeURIComponent(workspace)}`}`;
  };
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: flags,
    headless: options.headless ?? true,
  });
  const viewport = options.viewport ?? { width: 1280, height: 800 };
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const windows: Array<VsCodeWindow> = [];

  return {
    url,
    data,
    windows,
    open: async (workspace) => {
      const window = await VsCodeWindow.open(await context.newPage(), url(workspace), probes);
      windows.push(window);
      return window;
    },
    end: async () => {
      await browser.close();
      await stop(server, box);
    },
  };
};

const serverEnvironment = (box: Sandbox, home: string, probes: string): NodeJS.ProcessEnv => {
  const { OCVIBE_AGENT_TOKEN: _, ...env } = box.env();
  return {
    ...env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_DATA_HOME: join(home, "data"),
    OCVIBE_TEST: "1",
    OCVIBE_PROBE: probes,
  };
};

const install = async (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv): Promise<void> => {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const said = collect(child);
  const [code] = await once(child, "close");
  if (code !== 0 || !/successfully installed/.test(said()))
    throw new Error(`VS Code installs no VSIX: ${said()}`);
};

const collect = (child: ChildProcess) => {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      said += chunk;
    });
  }
  return () => said;
};

/** The port that the server says it listens on. */
const portOf = (server: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    const said = collect(server);
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
const stop = async (server: ChildProcess, box: Sandbox): Promise<void> => {
  const pid = server.pid ?? 0;
  const started = [pid, ...descendants(pid, box.daemonPid())];
  for (let n = 0; ; n++) {
    const left = started.filter(isAlive);
    if (left.length === 0) return;
    if (n % 100 === 0) for (const one of left) tryToEnd(one, n === 0 ? "SIGTERM" : "SIGKILL");
    await pause(25);
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
