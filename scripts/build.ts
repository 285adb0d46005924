/**
 * Bundles every program that a user runs into `dist/`: the extension, the CLI, the daemon, its SQL worker, the
 * process shim, and the first-run demonstration. `--test` builds the same programs with fault points into `dist-test/`.
 */
import { chmod, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import packageJson from "../package.json" with { type: "json" };
import { pastBarrels } from "./pastBarrels.ts";

const quiet = process.argv.includes("--quiet");
const forTests = process.argv.includes("--test");
const outdir = forTests ? "dist-test" : "dist";

const define = {
  OCVIBE_TEST_BUILD: String(forTests),
  OCVIBE_BUNDLED: "true",
  OCVIBE_VERSION: JSON.stringify(packageJson.version),
};

const programs = await build({
  entryPoints: {
    ocvibe: "daemon/cli/main.ts",
    daemon: "daemon/main.ts",
    sqlWorker: "daemon/platform/sqlWorker.ts",
    shim: "daemon/platform/shim.ts",
    start: "daemon/cli/start.ts",
    ...(forTests && {
      primitivesDaemon: "test/primitives/daemon.ts",
      primitivesClient: "test/primitives/client.ts",
    }),
  },
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  metafile: true,
  // A native addon cannot be bundled; only the SQL worker and the daemon's lock load it.
  external: ["@libsql/client", "libsql"],
  define,
  // Some bundled CommonJS packages call require() for Node's own modules.
  banner: {
    js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);',
  },
  plugins: [pastBarrels],
  logLevel: quiet ? "warning" : "info",
});
// The editor loads one file, and gives it the module `vscode`; it is what people download, hence smaller.
const editor = await build({
  entryPoints: { extension: "extension/extension.ts" },
  outdir,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  minify: true,
  sourcemap: "linked",
  metafile: true,
  external: ["vscode"],
  define,
  plugins: [pastBarrels],
  logLevel: quiet ? "warning" : "info",
});
const metafile = {
  inputs: { ...programs.metafile.inputs, ...editor.metafile.inputs },
  outputs: { ...programs.metafile.outputs, ...editor.metafile.outputs },
};
// What an earlier build left goes after the new one stands, so that programs that run meanwhile find their parts.
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of await readdir(outdir)) {
  if (!made.has(name) && name !== "meta.json") await rm(join(outdir, name), { recursive: true, force: true });
}
await writeFile(`${outdir}/meta.json`, JSON.stringify(metafile));
await chmod(`${outdir}/ocvibe.js`, 0o755);
