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
  /^\.hive\/config\.json$/,
];

export const isCheckFile = (path: string): boolean => configurations.some((pattern) => pattern.test(path));

export const isTestFile = (path: string): boolean =>
  /(^|\/)(__tests__|tests?|spec)\//.test(path) ||
  /[._-](test|spec)\.[cm]?[jt]sx?$/.test(path) ||
  /(^|\/)test_[^/]*\.py$|_test\.(py|go|rb|exs?)$|_spec\.rb$/.test(path);

/** Marks a test as not to be run, or as the only one to be; a file as not to be type-checked. */
const markers = [
  /\b(it|test|describe|suite|context|bench)\s*\.\s*(skip|only|todo|fails)\b/,
  /\b(xit|xtest|xdescribe|fit|fdescribe)\s*\(/,
  /\b(skip|only|todo)\s*:\s*(true|['"`])/,
  /\bt\.(Skip|SkipNow|skip|todo)\s*\(/,
  /@(pytest\.mark\.(skip|skipif|xfail)|unittest\.skip)/,
  /#\[ignore/,
  /@ts-(nocheck|ignore)\b/,
];

/** The markers that a text has more of than before, each as it is written there. */
export const addedMarkers = (before: string, after: string): ReadonlyArray<string> => {
  const count = (text: string, marker: RegExp) => [...text.matchAll(new RegExp(marker, "g"))];
  return markers.flatMap((marker) => {
    const now = count(after, marker);
    return now.length > count(before, marker).length ? [now.at(-1)![0]] : [];
  });
};
