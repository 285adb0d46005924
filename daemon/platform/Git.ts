/**
 * Runs git, always with our own configuration: no hooks, no file system monitor, no prompts, no optional locks
 * (a plain `git status` rewrites the user's index), and none of the `GIT_*` variables that happen to be set.
 *
 * simple-git reports some failures as success (`merge-tree` with a conflict), so the exit code is read here and
 * judged here: 0 is fine, and whatever a caller says it expects.
 */
import { devNull } from "node:os";
import { Context, Effect, Layer } from "effect";
import type { SimpleGit } from "simple-git";
import { GitError } from "../../shared/contract/errors.ts";

export interface GitOptions {
  readonly cwd: string;
  /** Exit codes besides 0 that are an answer and not a failure. */
  readonly expect?: ReadonlyArray<number>;
  /** `GIT_*` variables of this call. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Neither the system's nor the user's own configuration: for repositories of ours, in which a worker's
   * `.gitattributes` must not start a filter that the user's configuration defines.
   */
  readonly isolated?: boolean;
  readonly input?: string;
}

export interface GitResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Git extends Context.Service<
  Git,
  {
    readonly run: (args: ReadonlyArray<string>, options: GitOptions) => Effect.Effect<GitResult, GitError>;
    /**
     * A blob byte for byte; `run` gives text. With `filtersOf`, as a checkout would have it at that path, by the
     * line endings and filters of the repository's configuration.
     */
    readonly readBlob: (
      oid: string,
      options: GitOptions & { readonly filtersOf?: string },
    ) => Effect.Effect<Buffer, GitError>;
  }
>()("opencode-vibe/platform/Git") {
  static readonly layer = Layer.succeed(Git, {
    run: (args, options) =>
      runGit(args, options, (git) => git.raw([...args])).pipe(
        Effect.map(({ output, ...rest }) => ({ ...rest, stdout: output })),
      ),
    readBlob: (oid, { filtersOf, ...options }) => {
      const args = filtersOf === undefined ? ["blob", oid] : ["--filters", `--path=${filtersOf}`, oid];
      return runGit(["cat-file", ...args], options, (git) => git.binaryCatFile(args)).pipe(
        Effect.map(({ output }) => output),
      );
    },
  });
}

export const ownConfiguration = [
  `core.hooksPath=${devNull}`,
  "core.fsmonitor=false",
  "core.untrackedCache=false",
  "gc.auto=0",
  "maintenance.auto=false",
];

/** Variables that change what git does or runs. simple-git refuses every call while the last few are set. */
const notInherited = /^(GIT_.*|EDITOR|VISUAL|PAGER|SSH_ASKPASS|PREFIX)$/i;

/** The environment of every git of ours: the process's own without what steers git, and what we decide. */
export const gitEnvironment = (options: Pick<GitOptions, "env" | "isolated">): Record<string, string> => {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !notInherited.test(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    LC_ALL: "C",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    ...(options.isolated === true ? { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: devNull } : {}),
    ...options.env,
  };
};

const runGit = Effect.fnUntraced(function* <A>(
  args: ReadonlyArray<string>,
  options: GitOptions,
  task: (git: SimpleGit) => PromiseLike<A>,
) {
  const { expect = [], input, cwd } = options;
  let exitCode = 0;
  let stderr = "";
  const env = gitEnvironment(options);
  const run = async (signal: AbortSignal) => {
    // Loaded at its first use: a daemon that starts has no time for it.
    const { simpleGit } = await import("simple-git");
    const git = simpleGit({
      baseDir: cwd,
      config: ownConfiguration,
      abort: signal,
      trimmed: false,
      // Not so many milliseconds after the exit: on a busy machine some of the output may still be unread then.
      completion: { onClose: true, onExit: false },
      allowEnvironment: Object.keys(env).filter((name) => name.startsWith("GIT_")),
      // Each of these is what we set ourselves, to switch something off; no argument here is anybody's input.
      unsafe: {
        allowUnsafeHooksPath: true,
        allowUnsafeFsMonitor: true,
        allowUnsafeTemplateDir: true,
        allowUnsafeConfigPaths: true,
      },
      ...(input === undefined ? {} : { input: () => input }),
      errors: (error, result) => {
        exitCode = result.exitCode;
        stderr = Buffer.concat(result.stdErr).toString("utf8");
        // A process that never ran has no exit code to judge.
        return error instanceof Error && result.exitCode === 0 ? error : undefined;
      },
    });
    // After a command that printed nothing simple-git waits 50 ms for more; an empty chunk ends that.
    git.outputHandler((_command, stdout) => stdout.once("end", () => stdout.emit("data", Buffer.alloc(0))));
    return await task(git.env(env));
  };
  const output = yield* Effect.tryPromise({
    try: run,
    catch: (cause) => gitError(args, cwd, -1, cause instanceof Error ? cause.message : String(cause)),
  });
  if (exitCode !== 0 && !expect.includes(exitCode)) return yield* gitError(args, cwd, exitCode, stderr);
  return { exitCode, output, stderr };
});

const gitError = (args: ReadonlyArray<string>, cwd: string, exitCode: number, stderr: string): GitError => {
  const missing = exitCode < 0 && /spawn \S+ ENOENT/.test(stderr);
  const why = missing ? "git was not found; install git 2.38 or newer" : firstLine(stderr);
  const remedy = /No space left on device/i.test(stderr) ? "; free some space and try again" : "";
  const message = `git ${args[0] ?? ""} failed in ${cwd}: ${why}${remedy}`;
  return new GitError({ message, args, exitCode, stderr });
};

const firstLine = (text: string) => text.trim().split("\n")[0] ?? "no message";

/** The fields of output that was asked for with `-z`. */
export const nulFields = (text: string): ReadonlyArray<string> =>
  text.split("\0").filter((field) => field !== "");
