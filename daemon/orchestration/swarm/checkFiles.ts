/**
 * The files that checks are made of. A change to one of these can make the gate pass without the work being
 * right, so it does not pass without the person. The list is fixed; package.json is looked at by its scripts.
 */
const configurations = [
  /(^|\/)tsconfig([.-][^/]*)?\.json$/,
  /(^|\/)(vitest|jest|mocha|ava|karma|playwright|cypress|nyc|c8)\.(config|conf|workspace)\.[cm]?[jt]sx?$/,
  /(^|\/)(jest|ava|mocha)\.config\.json$/,
  /(^|\/)\.(mocharc|nycrc|c8rc|taprc)(\.[a-z]+)?$/,
  /(^|\/)(eslint|prettier|stylelint)\.config\.[cm]?[jt]s$/,
  /(^|\/)\.(eslintrc|prettierrc|stylelintrc|eslintignore|prettierignore)(\.[a-z]+)?$/,
  /(^|\/)(biome|deno|oxlint)\.jsonc?$/,
  /(^|\/)\.oxlintrc\.json$/,
  /(^|\/)(pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|conftest\.py|mypy\.ini|ruff\.toml|\.flake8)$/,
  /(^|\/)(Makefile|makefile|GNUmakefile|justfile|Justfile|Taskfile\.ya?ml)$/,
  /^\.github\/(workflows|actions)\//,
  /^\.gitlab-ci\.yml$/,
  /^\.ci\//,
  /^\.circleci\//,
  /^azure-pipelines\.yml$/,
  // What runs the scripts can be told to run something else.
  /(^|\/)(\.npmrc|\.yarnrc(\.yml)?|\.pnpmfile\.cjs|pnpm-workspace\.yaml|bunfig\.toml|\.node-version|\.nvmrc)$/,
  // Vitest reads its configuration here when it has no file of its own.
  /(^|\/)vite\.config\.[cm]?[jt]s$/,
  /^\.hive\/config\.json$/,
];

export const isCheckFile = (path: string): boolean => configurations.some((pattern) => pattern.test(path));

export const isTestFile = (path: string): boolean =>
  /(^|\/)(__tests__|tests?|spec)\//.test(path) ||
  /(^|\/|[._-])(test|spec)\.[cm]?[jt]sx?$/.test(path) ||
  /(^|\/)test_[^/]*\.py$|_test\.(py|go|rb|exs?)$|_spec\.rb$/.test(path) ||
  /(Test|Tests|Spec)\.(java|kt|scala|groovy|cs|php|swift)$/.test(path);

/** Marks a test as not to be run, or as the only one to be. */
const testMarkers = [
  /\b(it|test|describe|suite|context|bench|specify)(\s*\.\s*\w+)*?\s*\.\s*(skip|only|todo|fails|fixme|skipIf|runIf)\b/g,
  /\b(x|f)(it|test|describe|context|specify)\s*\(/g,
  /\b(skip|only|todo)\s*:\s*true\b|\bskip\s*:\s*['"`]/g,
  /\b(t|b|this|ctx|context)\s*\.\s*(Skip|SkipNow|Skipf|skip|todo)\s*\(/g,
  /@(pytest\.mark\.(skip|skipif|xfail)|unittest\.(skip|expectedFailure))\w*/g,
  /\b(pytest\.skip|self\.skipTest)\s*\(/g,
  /@(Disabled|Ignore)\b/g,
];
/** Rust keeps tests beside the code. */
const rustMarkers = [/#\[\s*ignore\b/g];
/** Takes a file or a line out of the type check, whichever file it is. */
const typeMarkers = [/@ts-(nocheck|ignore)\b/g];

/** The markers that count in a file; none for one that is neither a test nor code whose checks can be switched off. */
const markersOf = (path: string): ReadonlyArray<RegExp> => [
  ...(isTestFile(path) ? testMarkers : []),
  ...(path.endsWith(".rs") ? rustMarkers : []),
  ...(/\.[cm]?[jt]sx?$/.test(path) ? typeMarkers : []),
];

export const canBearMarkers = (path: string): boolean => markersOf(path).length > 0;

/** The markers on lines that were not there before, each as it is written; moving or indenting a line adds none. */
export const addedMarkers = (path: string, before: string, after: string): ReadonlyArray<string> => {
  const old = new Map<string, number>();
  for (const line of linesOf(before)) old.set(line, (old.get(line) ?? 0) + 1);
  const added = linesOf(after).filter((line) => {
    const left = old.get(line) ?? 0;
    old.set(line, left - 1);
    return left <= 0;
  });
  // As one text again: a call may be broken over lines.
  const text = added.join("\n");
  return [...new Set(markersOf(path).flatMap((marker) => text.match(marker) ?? []))];
};

const linesOf = (text: string) => text.split("\n").map((line) => line.trim());
