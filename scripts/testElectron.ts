/**
 * `npm run test:electron`: the smoke suite in a desktop VS Code. `VSCODE_EXECUTABLE` names one; else the version that
 * the extension asks for is downloaded, where that can be.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { downloadAndUnzipVSCode, runTests } from "@vscode/test-electron";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");

const findVsCode = async (): Promise<string> => {
  const named = process.env.VSCODE_EXECUTABLE;
  if (named === undefined || named === "") {
    try {
      return await downloadAndUnzipVSCode({ version: "stable", timeout: 30_000 });
    } catch (cause) {
      throw new Error(
        `There is no desktop VS Code to test in: it can't be downloaded (${(cause as Error).message}). Set VSCODE_EXECUTABLE to one that is installed.`,
      );
    }
  }
  if (existsSync(named)) return named;
  throw new Error(`VSCODE_EXECUTABLE names ${named}, which is not there.`);
};

const test = async (): Promise<void> => {
  const vscodeExecutablePath = await findVsCode();
  execFileSync(process.execPath, ["scripts/build.ts", "--quiet"], { cwd: root, stdio: "inherit" });
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ocvibe-electron-")));
  const home = join(folder, "home");
  try {
    const suite = join(folder, "suite.cjs");
    await build({
      entryPoints: [join(root, "test", "electron", "suite.ts")],
      outfile: suite,
      bundle: true,
      platform: "node",
      format: "cjs",
      external: ["vscode"],
    });
    const repository = join(folder, "repository");
    mkdirSync(repository);
    writeFileSync(join(repository, "README.md"), "# A sample\n");
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args], {
        cwd: repository,
      });
    git("init", "--quiet", "--initial-branch=main");
    git("add", "--all");
    git("commit", "--quiet", "--message", "A sample");
    await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: root,
      extensionTestsPath: suite,
      launchArgs: [
        repository,
        "--disable-extensions",
        "--disable-workspace-trust",
        "--user-data-dir",
        join(folder, "user"),
      ],
      extensionTestsEnv: { OCVIBE_HOME: home, OCVIBE_TEST: "1", OCVIBE_IDLE_SECONDS: "5" },
    });
  } finally {
    execFileSync(process.execPath, ["dist/ocvibe.js", "daemon", "stop"], {
      cwd: root,
      env: { ...process.env, OCVIBE_HOME: home },
      stdio: "ignore",
    });
    rmSync(folder, { recursive: true, force: true });
  }
};

try {
  await test();
} catch (cause) {
  console.error((cause as Error).message);
  process.exitCode = 1;
}
