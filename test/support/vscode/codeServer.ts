/**
 * The real VS Code that tests drive: its server, from the npm package `code-server`, installed once (about 600 MB) into
 * the cache of `installOnce`. Its own install script needs headers that few machines have, so the modules that
 * VS Code really needs are built one by one. A machine that can't do this fails the tests with a sentence.
 */
import { join } from "node:path";
import { installOnce } from "../installOnce.ts";
import { runNpm } from "../runNpm.ts";

const version = "4.139.1";
const nativeModules = ["node-pty", "@vscode/spdlog", "@vscode/native-watchdog", "@parcel/watcher"];

/** The program that Node runs to start the server. */
export const codeServer = async (): Promise<string> => {
  const folder = await installOnce(`code-server-${version}`, async (draft) => {
    const quiet = ["--no-audit", "--no-fund", "--loglevel", "error"];
    const install = ["install", "--ignore-scripts", ...quiet];
    await npm([...install, "--prefix", draft, `code-server@${version}`], draft);
    const code = vscodeIn(draft);
    await npm([...install, "--omit=dev"], code);
    await npm([...install, "--omit=dev"], join(code, "extensions"));
    await npm(["rebuild", ...nativeModules, "--loglevel", "error"], code);
  });
  return join(vscodeIn(folder), "out", "server-main.js");
};

const vscodeIn = (folder: string) => join(folder, "node_modules", "code-server", "lib", "vscode");

const npm = (args: ReadonlyArray<string>, cwd: string) =>
  runNpm(args, cwd).catch((cause: Error) => {
    throw new Error(
      `This test needs a VS Code, and npm can't install code-server@${version} (npm ${args.join(" ")}): ${cause.message}`,
    );
  });
