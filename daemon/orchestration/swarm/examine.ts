/**
 * What a change is, judged by its tree: does it lie inside the lease, is anything in it unsafe to take over, does
 * it weaken the checks. Nothing of the repository's is run here.
 */
import { posix } from "node:path";
import { Effect, Result } from "effect";
import { canonicalJson } from "../../../shared/contract/canonicalJson.ts";
import type { PathChange } from "../../../shared/contract/events.ts";
import type { Check, Finding } from "../../../shared/contract/gate.ts";
import { matches, type Pattern, parsePattern } from "../../../shared/contract/pattern.ts";
import { addedMarkers, canBearMarkers, isCheckFile, isTestFile } from "./checkFiles.ts";
import type { OpenProject } from "./Projects.ts";
import type { UserRepository } from "./UserRepository.ts";

interface Examination {
  /** Outside the lease, or unsafe: refused. */
  readonly refused: ReadonlyArray<Finding>;
  /** Weakens the checks: waits for the person. */
  readonly weakens: ReadonlyArray<Finding>;
}

const link = "120000";
const nestedRepository = "160000";

export const examine = Effect.fn("examine")(function* (options: {
  readonly project: OpenProject;
  readonly base: string;
  readonly tree: string;
  readonly changes: ReadonlyArray<PathChange>;
  readonly files: ReadonlyArray<string>;
  readonly checks: ReadonlyArray<Check>;
}) {
  const { project, base, tree, changes, files } = options;
  const named = filesNamedBy(options.checks);
  const { workshop } = project;
  const patterns = parseLease(project.user, files);
  const refused: Array<Finding> = [];
  const weakens: Array<Finding> = [];
  for (const change of changes) {
    const { path } = change;
    if (!patterns.some((pattern) => matches(pattern, path))) {
      refused.push({
        kind: "outside-lease",
        path,
        message: `${path} was ${verbOf(change)}, and it is outside this subtask's files (${files.join(", ")}). Leave it as it is.`,
      });
    }
    if (change.new?.mode === nestedRepository) {
      refused.push({
        kind: "unsafe-entry",
        path,
        message: `${path} is a git repository of its own; remove its .git.`,
      });
    }
    const foreign = yield* makesUnsupported(workshop, base, tree, change);
    if (foreign !== undefined) refused.push({ kind: "unsafe-entry", path, message: foreign });
    if (change.new?.mode === link) {
      const target = (yield* workshop.readText(tree, path)) ?? "";
      if (leavesRepository(path, target)) {
        refused.push({
          kind: "unsafe-entry",
          path,
          message: `${path} is a link that leaves the repository (${target}).`,
        });
      }
    }
    const weakening =
      change.old !== null && named.has(path)
        ? `${path} is run by the checks themselves.`
        : yield* weakeningOf(workshop, base, tree, change);
    if (weakening !== undefined) weakens.push({ kind: "weakens-checks", path, message: weakening });
  }
  const examination: Examination = { refused, weakens };
  return examination;
});

/** What a check's text could mean as a file: `node scripts/check.mjs` runs a file of the repository's. */
const filesNamedBy = (checks: ReadonlyArray<Check>): ReadonlySet<string> =>
  new Set(
    checks.flatMap(({ text }) => text.split(/[\s"'`=:;&|()<>]+/)).map((word) => word.replace(/^(\.\/)+/, "")),
  );

/** The lease's patterns; they were read against the base when the swarm began and parse by themselves since. */
export const parseLease = (user: UserRepository, files: ReadonlyArray<string>): ReadonlyArray<Pattern> => {
  const caseInsensitive = user.config.get("core.ignorecase") === "true";
  return files.flatMap((text) => {
    const parsed = parsePattern(text, { caseInsensitive });
    return Result.isSuccess(parsed) ? [parsed.success] : [];
  });
};

/** After it no swarm could work on the repository any more. */
const makesUnsupported = Effect.fnUntraced(function* (
  workshop: OpenProject["workshop"],
  base: string,
  tree: string,
  { path, new: made }: PathChange,
) {
  if (made === null) return undefined;
  if (path === ".gitmodules") return `${path} declares submodules, which are not supported. Leave it out.`;
  if (path.split("/").at(-1) !== ".gitattributes") return undefined;
  const usesLfs = (text: string | undefined) => text?.includes("filter=lfs") === true;
  if (!usesLfs(yield* workshop.readText(tree, path)) || usesLfs(yield* workshop.readText(base, path)))
    return undefined;
  return `${path} puts files into Git LFS, which is not supported. Leave that out.`;
});

const verbOf = (change: PathChange) =>
  change.old === null
    ? "added"
    : change.new === null
      ? "deleted"
      : change.old.oid === change.new.oid
        ? "given another mode"
        : "changed";

/** Judged by the text alone; `..` behind a name would depend on what that name is a link to. */
const leavesRepository = (path: string, target: string): boolean => {
  const steps = target.replaceAll("\\", "/");
  if (posix.isAbsolute(steps) || /^[a-z]:/i.test(steps) || /[^./][^/]*\/+(\.\/+)*\.\.(\/|$)/.test(steps))
    return true;
  const resolved = posix.normalize(posix.join(posix.dirname(path), steps));
  return resolved === ".." || resolved.startsWith("../") || resolved.split("/")[0]?.toLowerCase() === ".git";
};

const weakeningOf = Effect.fnUntraced(function* (
  workshop: OpenProject["workshop"],
  base: string,
  tree: string,
  change: PathChange,
) {
  const { path } = change;
  if (isCheckFile(path)) return `${path} is part of the checks themselves.`;
  if (path.split("/").at(-1) === "package.json") {
    const [before, after] = [yield* workshop.readText(base, path), yield* workshop.readText(tree, path)];
    const changed = checkKeys.filter((key) => keyOf(before, key) !== keyOf(after, key));
    return changed.length === 0
      ? undefined
      : `${changed.map((key) => `"${key}"`).join(", ")} in ${path} changed; the checks are made of it.`;
  }
  if (change.old !== null && isTestFile(path)) {
    if (change.new === null) return `The test file ${path} was deleted.`;
    if (isFile(change.old.mode) && !isFile(change.new.mode))
      return `The test file ${path} was replaced by a link.`;
  }
  if (change.new === null || !isFile(change.new.mode) || !canBearMarkers(path)) return undefined;
  if (change.new.oid === change.old?.oid) return undefined;
  const after = (yield* workshop.readText(tree, path)) ?? "";
  const before = change.old === null ? "" : ((yield* workshop.readText(base, path)) ?? "");
  const found = addedMarkers(path, before, after);
  return found.length === 0 ? undefined : `${path} adds ${found.map((marker) => `"${marker}"`).join(", ")}.`;
});

const isFile = (mode: string) => mode.startsWith("100");

/** What of package.json decides what the checks run and how: the scripts, and where test runners and linters look. */
const checkKeys = [
  "scripts",
  "type",
  "jest",
  "ava",
  "mocha",
  "nyc",
  "c8",
  "eslintConfig",
  "eslintIgnore",
  "prettier",
];

const keyOf = (text: string | undefined, key: string): string => {
  if (text === undefined) return "";
  try {
    return canonicalJson((JSON.parse(text) as Record<string, unknown>)[key] ?? null);
  } catch {
    // Not JSON: whatever it is, it is not what it was.
    return text;
  }
};
