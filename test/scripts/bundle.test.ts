/** What is in the programs that users run, by the bundler's own account. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "vitest";

interface Meta {
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly entryPoint?: string;
        readonly inputs: object;
        readonly imports: ReadonlyArray<{ readonly path: string; readonly kind: string }>;
      }
    >
  >;
}

const root = join(import.meta.dirname, "..", "..");
const meta = (folder: string): Meta => JSON.parse(readFileSync(join(root, folder, "meta.json"), "utf8"));

/** The source files and packages that a program can load, through chunks and, unless told otherwise, dynamic imports. */
const contents = (
  folder: string,
  program: string,
  also: (kind: string) => boolean = () => true,
): ReadonlySet<string> => {
  const { outputs } = meta(folder);
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (output: string) => {
    if (seen.has(output)) return;
    seen.add(output);
    for (const input of Object.keys(outputs[output]?.inputs ?? {})) found.add(input);
    for (const { path, kind } of outputs[output]?.imports ?? []) {
      if (!also(kind)) continue;
      found.add(path);
      if (path in outputs) visit(path);
    }
  };
  visit(`${folder}/${program}.js`);
  return found;
};

/** What users and other programs start by its name; the bundler gives all other files a hash in theirs. */
const programsOf = (folder: string): ReadonlyArray<string> =>
  Object.keys(meta(folder).outputs)
    .filter((path) => path.endsWith(".js") && !/-[A-Z0-9]{8}\.js$/.test(path))
    .map((path) => path.slice(folder.length + 1, -".js".length));

/** Those that hold the data; every other program is a client, or an agent's keeper. */
const withDatabase = ["daemon", "sqlWorker"];

describe("the bundles", () => {
  it("keep the database and git out of every program but the daemon", () => {
    const others = ["extension", "ocvibe", "shim", "start"];
    assert.sameMembers([...programsOf("dist")], [...others, ...withDatabase]);
    for (const program of others) {
      const foreign = [...contents("dist", program)].filter((path) =>
        /libsql|simple-git|sqlWorker/.test(path),
      );
      assert.deepStrictEqual(foreign, [], program);
    }
  });

  it("keep the daemon's parts out of the command line and its MCP bridge", () => {
    const parts = [...contents("dist", "ocvibe")];
    assert.isAbove(parts.length, 50);
    // The bridge is loaded when it is asked for, so only a walk through dynamic imports sees it.
    assert.include(parts, "daemon/cli/mcp/serveStdio.ts");
    const foreign = parts.filter((path) => path.startsWith("daemon/") && !path.startsWith("daemon/cli/"));
    assert.deepStrictEqual(foreign, []);
  });

  it("make the extension of what is shared and its own, in one file of less than 400 KB", () => {
    const parts = [...contents("dist", "extension")].filter((path) => !path.startsWith("node_modules/"));
    const foreign = parts.filter((path) => !/^(extension|shared)\/|^vscode$|^node:/.test(path));
    assert.include(parts, "extension/extension.ts");
    assert.deepStrictEqual(foreign, []);
    assert.isBelow(statSync(join(root, "dist", "extension.js")).size, 400 * 1024);
  });

  it("give the daemon the database, so that the check above can fail", () => {
    assert.include([...contents("dist", "daemon")], "node_modules/libsql/index.js");
  });

  it("have a daemon load nothing for its start that only a later call needs", () => {
    const serve = Object.entries(meta("dist").outputs).find(
      ([, { entryPoint }]) => entryPoint === "daemon/serve.ts",
    )?.[0];
    const program = serve?.replace(/^dist\/|\.js$/g, "") ?? "";
    const atOnce = [...contents("dist", program, (kind) => kind !== "dynamic-import")];
    const late =
      /simple-git|bonjour|dns-packet|ai\/McpServer|PrometheusMetrics|Otlp|CircuitBreaker|http\/HttpClient/i;
    assert.include(atOnce, "daemon/api/listen.ts");
    assert.deepStrictEqual(
      atOnce.filter((path) => late.test(path)),
      [],
    );
    const later = [...contents("dist", program)].join("\n");
    for (const name of ["simple-git", "bonjour", "McpServer", "CircuitBreaker"]) assert.include(later, name);
  });

  it("have fault points in test builds only", () => {
    const fault = (folder: string) =>
      Object.keys(meta(folder).outputs)
        .filter((path) => path.endsWith(".js"))
        .some((path) => readFileSync(join(root, path), "utf8").includes("OCVIBE_FAULT"));
    assert.deepStrictEqual([fault("dist"), fault("dist-test")], [false, true]);
  });
});
