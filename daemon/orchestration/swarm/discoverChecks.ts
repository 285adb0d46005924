/**
 * Finds the commands that decide whether work is taken over: `checks` in `.hive/config.json`, else the
 * `typecheck`, `lint` and `test` scripts of package.json, as they stand at the base commit.
 */
import { createHash } from "node:crypto";
import { Effect, Result, Schema } from "effect";
import { InvalidInput } from "../../../shared/contract/errors.ts";
import type { Check } from "../../../shared/contract/gate.ts";

/** A program with its arguments, split at white space unless it is given as a list. */
const Command = Schema.Union([
  Schema.String.check(Schema.isPattern(/\S/)),
  Schema.NonEmptyArray(Schema.String).check(Schema.makeFilter(([program]) => program !== "")),
]);

/** `.hive/config.json`, as far as this part reads it. */
const HiveConfig = Schema.Struct({
  checks: Schema.optionalKey(Schema.Array(Command)),
  setup: Schema.optionalKey(Command),
});

const PackageJson = Schema.Struct({
  scripts: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
});

const usualScripts = ["typecheck", "lint", "test"];
const configFile = ".hive/config.json";

export interface Discovered {
  readonly checks: ReadonlyArray<Check>;
  /** Makes a fresh checkout ready to work, for instance `npm ci`. */
  readonly setup: Check | undefined;
}

/** `read` answers a file of the base commit; `exists` says whether there is one. */
export const discoverChecks = Effect.fn("discoverChecks")(function* <E, R>(
  read: (path: string) => Effect.Effect<string | undefined, E, R>,
  exists: (path: string) => boolean,
) {
  const config = yield* parsed(configFile, yield* read(configFile), HiveConfig);
  const scripts = (yield* parsed("package.json", yield* read("package.json"), PackageJson))?.scripts ?? {};
  const runner = packageManager(exists);
  const check = (command: typeof Command.Type): Check => {
    const argv = typeof command === "string" ? command.split(/\s+/).filter((part) => part !== "") : command;
    return asCheck(argv, scripts);
  };
  const checks =
    config?.checks?.map(check) ??
    usualScripts
      .filter((name) => scripts[name] !== undefined && !isPlaceholder(scripts[name]))
      // Silent: what the script prints is what an agent is told, not what the runner says around it.
      .map((name) => asCheck([runner, "run", ...(/pm$/.test(runner) ? ["--silent"] : []), name], scripts));
  const discovered: Discovered = {
    checks,
    setup: config?.setup === undefined ? undefined : check(config.setup),
  };
  return discovered;
});

const parsed = <A>(file: string, text: string | undefined, schema: Schema.Codec<A, unknown>) => {
  if (text === undefined) return Effect.succeed(undefined);
  const result = Schema.decodeUnknownResult(Schema.fromJsonString(schema))(text);
  return Result.isSuccess(result)
    ? Effect.succeed(result.success)
    : Effect.fail(
        new InvalidInput({
          message: `${file} at the base commit can't be used: ${result.failure.message}. Correct and commit it.`,
        }),
      );
};

const packageManager = (exists: (path: string) => boolean) =>
  exists("pnpm-lock.yaml")
    ? "pnpm"
    : exists("yarn.lock")
      ? "yarn"
      : exists("bun.lock") || exists("bun.lockb")
        ? "bun"
        : "npm";

/** What `npm init` writes is no test. */
const isPlaceholder = (body: string | undefined) => body?.includes("no test specified") ?? false;

const asCheck = (argv: ReadonlyArray<string>, scripts: Scripts): Check => {
  const named = scriptsNamed(argv, scripts);
  const command = argv.map((part) => (/^[^\s"]+$/.test(part) ? part : JSON.stringify(part))).join(" ");
  const bodies = reachable(named, scripts).map(
    (name) => `${name}: ${scripts[name]?.replaceAll("\n", "\\n")}`,
  );
  const text = [command, ...bodies].join("\n");
  return { name: named[0] ?? command, argv, text, hash: createHash("sha256").update(text).digest("hex") };
};

type Scripts = Readonly<Record<string, string>>;

const runners = /^(npm|pnpm|yarn|bun|node|npm-run-all2?|run-[sp]|npx|concurrently|turbo|wireit)$/;

/** The package scripts that a command runs: whatever word after a runner is a script's name (`npm t` is `test`). */
const scriptsNamed = (words: ReadonlyArray<string>, scripts: Scripts): ReadonlyArray<string> => {
  const first = words.findIndex((word) => runners.test(word));
  if (first === -1) return [];
  return words
    .slice(first + 1)
    .map((word) => word.replace(/^(npm|pnpm|yarn):/, ""))
    .map((word) => (word === "t" || word === "tst" ? "test" : word))
    .filter((word) => Object.hasOwn(scripts, word));
};

/**
 * These scripts with their pre and post scripts, and the scripts that these run in turn: all of it runs, so all of
 * it is approved. A word that only looks like a script's name adds a body too many, never one too few.
 */
const reachable = (names: ReadonlyArray<string>, scripts: Scripts): ReadonlyArray<string> => {
  const found = new Set<string>();
  const visit = (name: string) => {
    for (const key of [`pre${name}`, name, `post${name}`]) {
      if (found.has(key) || !Object.hasOwn(scripts, key)) continue;
      found.add(key);
      for (const next of scriptsNamed(scripts[key]?.split(/[\s"'();&|]+/) ?? [], scripts)) visit(next);
    }
  };
  names.forEach(visit);
  return [...found];
};
