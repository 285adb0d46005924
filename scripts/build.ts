/**
 * Bundles every program that a user runs into `dist/`: the extension, the CLI, the daemon, its SQL worker, the
 * process shim, and the first-run demonstration. `--test` builds the same programs with fault points into `dist-test/`.
 */
import { chmod, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import packageJson from "../package.json" with { type: "json" };
import { builtinModules } from "./builtinModules.ts";
import { nativeLibsql } from "./nativeLibsql.ts";
import { pastBarrels } from "./pastBarrels.ts";

const quiet = process.argv.includes("--quiet");
const forTests = process.argv.includes("--test");
const outdir = forTests ? "dist-test" : "dist";

const define = {
  OCVIBE_TEST_BUILD: String(forTests),
  OCVIBE_BUNDLED: "true",
  OCVIBE_VERSION: JSON.stringify(packageJson.version),
};

const common = {
  outdir,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  sourcemap: "linked",
  metafile: true,
  define,
  logLevel: quiet ? "warning" : "info",
} as const satisfies BuildOptions;

const program = {
  ...common,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  // Some bundled CommonJS packages call require() for Node's own modules. An old Node, which has no such function,
  // gets as far as being told so.
  banner: {
    js: 'const require = process.getBuiltinModule?.("node:module").createRequire(import.meta.url);',
  },
  plugins: [pastBarrels, builtinModules, nativeLibsql],
} as const satisfies BuildOptions;

const bundles = await Promise.all([
  build({
    ...program,
    entryPoints: {
      ocvibe: "daemon/cli/main.ts",
      shim: "daemon/platform/shim.ts",
      start: "daemon/cli/start.ts",
      ...(forTests && { primitivesClient: "test/primitives/client.ts" }),
    },
  }),
  // Apart from the clients: what is cut into fewer files begins sooner.
  build({
    ...program,
    entryPoints: { daemon: "daemon/main.ts", sqlWorker: "daemon/platform/sqlWorker.ts" },
  }),
  ...(forTests
    ? [build({ ...program, entryPoints: { primitivesDaemon: "test/primitives/daemon.ts" } })]
    : []),
  // The editor loads one file, and gives it the module `vscode`; it is what people download, hence smaller.
  build({
    ...common,
    entryPoints: { extension: "extension/extension.ts" },
    minify: true,
    external: ["vscode"],
    // jsonc-parser's other form asks for its parts at run time, which a bundle has not.
    mainFields: ["module", "main"],
    plugins: [pastBarrels],
  }),
]);
const metafile = {
  inputs: Object.assign({}, ...bundles.map((bundle) => bundle.metafile.inputs)),
  outputs: Object.assign({}, ...bundles.map((bundle) => bundle.metafile.outputs)),
};
// What an earlier build left goes after the new one stands, so that programs that run meanwhile find their parts.
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of await readdir(outdir)) {
  if (!made.has(name) && name !== "meta.json") await rm(join(outdir, name), { recursive: true, force: true });
}
await writeFile(`${outdir}/meta.json`, JSON.stringify(metafile));
await chmod(`${outdir}/ocvibe.js`, 0o755);
