/**
 * A real VS Code with the packaged extension, for the sandbox it is given: its server, its data, the browser and
 * `OCVIBE_HOME` are this one's own, and what it started is ended with it, by pid. One for each test file; windows are
 * opened in it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "../sandbox.ts";
import { launchChromium } from "./launchChromium.ts";
import { serveVsCode } from "./serveVsCode.ts";
import type { Theme } from "./settings.ts";
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
}

export interface VsCode {
  /** Opens a window on a folder or a `.code-workspace` file, and answers when its extension host runs. */
  readonly open: (workspace?: string) => Promise<VsCodeWindow>;
  readonly windows: ReadonlyArray<VsCodeWindow>;
  /** The folder of the server's data. */
  readonly data: string;
  readonly end: () => Promise<void>;
}

export const startVsCode = async (box: Sandbox, options: VsCodeOptions = {}): Promise<VsCode> => {
  const { viewport = { width: 1280, height: 800 }, env: more, ...serving } = options;
  const probes = join(box.folder, "probes");
  mkdirSync(probes, { recursive: true });
  const { OCVIBE_AGENT_TOKEN: _, ...env } = box.env({ OCVIBE_TEST: "1", OCVIBE_PROBE: probes, ...more });
  const vsix = await Promise.all([shippedVsix(), probeVsix()]);
  const server = await serveVsCode(box.folder, { ...serving, env, vsix });
  const browser = await launchChromium({ headless: true }).catch(async (cause: unknown) => {
    await server.end();
    throw cause;
  });
  const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const windows: Array<VsCodeWindow> = [];
  return {
    windows,
    data: server.data,
    open: async (workspace) => {
      const window = await VsCodeWindow.open(await context.newPage(), server.url(workspace), probes);
      windows.push(window);
      return window;
    },
    end: async () => {
      await browser.close();
      // The daemon, which the extension may have started, is the sandbox's to end.
      await server.end(box.daemonPid());
    },
  };
};
