/**
 * A folder of extensions in which VS Code itself has installed these VSIX. It is made once for each set of them, and
 * shared by the servers of all test files: VS Code only reads it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { collectOutput } from "./collectOutput.ts";
import { markUsed } from "./vsix.ts";

/** `server` is VS Code's program; a VSIX of another content has another name. */
export const installedExtensions = async (server: string, vsix: ReadonlyArray<string>): Promise<string> => {
  const hash = createHash("sha256").update(vsix.toSorted().join()).digest("hex").slice(0, 16);
  const folder = join(dirname(vsix[0] ?? tmpdir()), `extensions-${hash}`);
  if (existsSync(folder)) {
    markUsed(folder);
    return folder;
  }
  const draft = mkdtempSync(`${folder}.`);
  const data = mkdtempSync(join(tmpdir(), "ocvibe-install-"));
  try {
    await install(server, ["--server-data-dir", data, "--extensions-dir", draft], vsix);
    const list = join(draft, "extensions.json");
    writeFileSync(list, readFileSync(list, "utf8").replaceAll(draft, folder));
    renameSync(draft, folder);
  } catch (cause) {
    if (!existsSync(folder)) throw cause;
  } finally {
    for (const each of [draft, data]) rmSync(each, { recursive: true, force: true });
  }
  return folder;
};

const install = async (server: string, where: ReadonlyArray<string>, vsix: ReadonlyArray<string>) => {
  const what = vsix.flatMap((file) => ["--install-extension", file]);
  const child = spawn(process.execPath, [server, "--accept-server-license-terms", ...where, ...what], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = collectOutput(child);
  const [code] = await once(child, "close");
  const installed = said().match(/successfully installed/g)?.length ?? 0;
  if (code !== 0 || installed < vsix.length) throw new Error(`VS Code does not install the VSIX: ${said()}`);
};
