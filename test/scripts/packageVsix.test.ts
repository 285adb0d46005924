/** What `npm run package` makes is whole: its programs run from it alone, far from the repository. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { isTarget, targets, thisTarget } from "../../scripts/nativePackage.ts";
import { isAlive } from "../support/processes.ts";
import { Sandbox } from "../support/sandbox.ts";
import { unzip } from "../support/unzip.ts";
import { shippedVsix } from "../support/vscode/vsix.ts";

describe("the VSIX", () => {
  const box = new Sandbox();
  const folder = join(box.folder, "unpacked");
  const dist = join(folder, "extension", "dist");
  let paths: ReadonlyArray<string> = [];

  beforeAll(async () => {
    box.commit({ "README.md": "# A\n" });
    paths = unzip(await shippedVsix(), folder);
  });

  afterAll(async () => assert.deepStrictEqual(await box.end(), []));

  /** With no variable but the data folder's: no PATH, no HOME. */
  const ocvibe = (...args: ReadonlyArray<string>) => {
    const run = spawnSync(process.execPath, [join(dist, "ocvibe.js"), ...args, "--json"], {
      env: { OCVIBE_HOME: box.home },
      cwd: box.repo,
      encoding: "utf8",
    });
    assert.strictEqual(run.status, 0, run.stderr);
    return JSON.parse(run.stdout);
  };

  it("runs the daemon and the command line from what it carries", () => {
    const { pid } = ocvibe("daemon", "start");
    try {
      assert.include(readFileSync(`/proc/${pid}/cmdline`, "utf8"), join(dist, "daemon.js"));
      assert.strictEqual(ocvibe("daemon", "status").pid, pid);
      // Whatever is written goes through the native addon.
      const { id } = ocvibe("hive", "create", "A cell");
      assert.strictEqual(ocvibe("hive", "show", id).title, "A cell");
    } finally {
      ocvibe("daemon", "stop");
    }
    assert.isFalse(isAlive(pid));
  });

  it("carries one native addon, and nothing that only developers need", () => {
    assert.strictEqual(paths.filter((path) => path.endsWith(".node")).length, 1);
    const odd = paths.filter((path) => /\.(ts|map)$|meta\.json$|dist\/start\.js$|(^|\/)test\//.test(path));
    assert.deepStrictEqual(odd, []);
    const manifest = JSON.parse(readFileSync(join(folder, "extension", "package.json"), "utf8"));
    assert.doesNotHaveAnyKeys(manifest, ["scripts", "dependencies", "devDependencies", "private"]);
    assert.include(paths, `extension/${manifest.main}`);
  });

  it("has every file that its manifest names", () => {
    const manifest = readFileSync(join(folder, "extension", "package.json"), "utf8");
    const named = [...manifest.matchAll(/"(?:\.\/)?([\w./-]+\.(?:svg|png|md|json|js))"/g)].map(
      ([, path]) => path,
    );
    assert.isNotEmpty(named);
    for (const path of named) assert.include(paths, `extension/${path}`);
  });

  it("is for a platform that libSQL has an addon for", () => {
    assert.include(targets, thisTarget());
    assert.isFalse(isTarget("win32-arm64"));
  });
});
