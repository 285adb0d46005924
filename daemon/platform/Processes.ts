/**
 * Runs programs that are not ours, agents, checks and planners, so that none outlives us: each under a shim
 * (`shim.ts`), in a process group of its own, with an environment by allow-list and a marker in it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { Context, Deferred, Effect, Layer } from "effect";
import { ProcessError } from "../../shared/contract/errors.ts";
import { redactor } from "./redact.ts";
import type { ShimOrder, ShimReport } from "./shim.ts";
import { sibling } from "./sibling.ts";
import { killStrays, markerVariable } from "./strays.ts";

export interface ProcessSpec<E, R> {
  /** Program and arguments; no shell is involved. */
  readonly argv: ReadonlyArray<string>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Unique to this run; strays are found by it. */
  readonly marker: string;
  readonly stdin?: string;
  /** Replaced in whatever it prints, also in `onOutput` and `onStdout`. */
  readonly secrets?: ReadonlyArray<string>;
  readonly timeoutMs?: number;
  /** Both streams, as they come. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Standard output alone. */
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStarted?: (pid: number) => Effect.Effect<void, E, R>;
}

export interface ProcessResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** The last part of what it printed, both streams as they came. */
  readonly tail: string;
}

export class Processes extends Context.Service<
  Processes,
  {
    /** Ends when the program ends, whoever still holds its output; then nothing of it is left. */
    readonly run: <E = never, R = never>(
      spec: ProcessSpec<E, R>,
    ) => Effect.Effect<ProcessResult, ProcessError | E, R>;
  }
>()("opencode-vibe/platform/Processes") {
  static readonly layer = Layer.succeed(Processes, { run: (spec) => run(spec) });
}

const tailBytes = 16 * 1024;
/** How long a program may take to end by itself when it is asked to. */
const grace = "2 seconds";
/** How long output is waited for that something which outlived the program still holds open. */
const patience = "2 seconds";

/** What of our environment a program of the repository's gets to see. */
const allowed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|TERM|SystemRoot|ComSpec|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE)$/i;

/** The environment of programs that are not ours; the Node that runs us comes first on its PATH. */
export const environment = (): Record<string, string> => {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && allowed.test(entry[0]),
  );
  // Windows writes it `Path`; two spellings in one environment would be two variables.
  const isPath = (name: string) => name.toUpperCase() === "PATH";
  const path = entries.find(([name]) => isPath(name))?.[1] ?? "";
  const others = Object.fromEntries(entries.filter(([name]) => !isPath(name)));
  return { ...others, PATH: [dirname(process.execPath), path].join(delimiter) };
};

const run = Effect.fn("Processes.run")(function* <E, R>(spec: ProcessSpec<E, R>) {
  const order: ShimOrder = {
    argv: spec.argv,
    cwd: spec.cwd,
    env: { ...spec.env, [markerVariable]: spec.marker },
  };
  const started = yield* Deferred.make<number, ProcessError>();
  const ended = yield* Deferred.make<Omit<ProcessResult, "timedOut" | "tail">, ProcessError>();
  let tail = Buffer.alloc(0);
  const output = (also?: (chunk: Buffer) => void) => {
    const clean = redactor(spec.secrets ?? []);
    const pass = (chunk: Buffer) => {
      if (chunk.length === 0) return;
      tail = Buffer.concat([tail, chunk]).subarray(-tailBytes);
      spec.onOutput?.(chunk);
      also?.(chunk);
    };
    return { write: (chunk: Buffer) => pass(clean.write(chunk)), end: () => pass(clean.end()) };
  };
  const stdout = output(spec.onStdout);
  const stderr = output();
  const onReport = (report: ShimReport) => {
    if (report.kind === "started") Deferred.doneUnsafe(started, Effect.succeed(report.pid));
    else if (report.kind === "ended") {
      Deferred.doneUnsafe(ended, Effect.succeed({ exitCode: report.exitCode, signal: report.signal }));
    } else {
      const failure = Effect.fail(notStarted(spec, report.code));
      Deferred.doneUnsafe(started, failure);
      Deferred.doneUnsafe(ended, failure);
    }
  };
  const onShimGone = (why: string) => {
    const failure = Effect.fail(
      new ProcessError({ message: `The shim of ${spec.argv[0]} ended early (${why}).` }),
    );
    Deferred.doneUnsafe(started, failure);
    Deferred.doneUnsafe(ended, failure);
  };
  const use = (shim: ChildProcess) =>
    Effect.gen(function* () {
      const pid = yield* Deferred.await(started);
      if (spec.onStarted !== undefined) yield* spec.onStarted(pid);
      const timeout = spec.timeoutMs ?? Number.POSITIVE_INFINITY;
      const first = yield* Number.isFinite(timeout)
        ? Effect.timeoutOption(Deferred.await(ended), timeout)
        : Effect.asSome(Deferred.await(ended));
      if (first._tag === "Some") {
        // The last output may still be in the pipe, and a stray may hold that open: it goes first.
        yield* killStrays(spec.marker);
        yield* Effect.timeoutOption(drained(shim), patience);
        return { ...first.value, timedOut: false };
      }
      yield* stop(shim, ended);
      return { exitCode: null, signal: null, timedOut: true };
    });
  const result = yield* Effect.acquireUseRelease(
    Effect.try({
      try: () =>
        startShim(order, spec.stdin, {
          onStdout: stdout.write,
          onStderr: stderr.write,
          onReport,
          onShimGone,
        }),
      catch: (cause) => notStarted(spec, cause instanceof Error ? cause.message : String(cause)),
    }),
    use,
    (shim) =>
      Effect.gen(function* () {
        yield* stop(shim, ended);
        yield* killStrays(spec.marker);
      }),
  );
  stdout.end();
  stderr.end();
  return { ...result, tail: tail.toString("utf8") };
});

interface ShimEvents {
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
  readonly onReport: (report: ShimReport) => void;
  readonly onShimGone: (why: string) => void;
}

const startShim = (order: ShimOrder, stdin: string | undefined, events: ShimEvents): ChildProcess => {
  const input = stdin === undefined ? undefined : openInput(stdin);
  const shim = spawn(process.execPath, [sibling("shim", import.meta.url)], {
    detached: true,
    windowsHide: true,
    stdio: [input ?? "ignore", "pipe", "pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "", ELECTRON_RUN_AS_NODE: "1" },
  });
  if (input !== undefined) closeSync(input);
  const [, stdout, stderr, control, reports] = shim.stdio;
  // A shim that is gone says so by the end of its reports.
  control?.on("error", () => undefined);
  (control as Writable).write(`${JSON.stringify(order)}\n`);
  stdout?.on("data", events.onStdout);
  stderr?.on("data", events.onStderr);
  let text = "";
  reports?.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) events.onReport(JSON.parse(line));
  });
  shim.on("error", (error) => events.onShimGone(error.message));
  // Only the shim holds the other end, so nothing is reported after this.
  reports?.on("close", () => events.onShimGone("it was killed, or it crashed"));
  return shim;
};

/**
 * Standard input as a file that has no name any more. Node's own pipes are sockets, which a program can't open as
 * `/dev/stdin`; and a program that does not read its input leaves nothing waiting.
 */
const openInput = (text: string): number => {
  const folder = mkdtempSync(join(tmpdir(), "ocvibe-input-"));
  try {
    const file = join(folder, "stdin");
    writeFileSync(file, text, { mode: 0o600 });
    return openSync(file, "r");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const drained = (shim: ChildProcess) =>
  Effect.promise(() =>
    Promise.all(
      [shim.stdout, shim.stderr].map((stream) => stream === null || stream.closed || once(stream, "close")),
    ),
  );

/** Asks the group to end, then has the shim end it. Does nothing when it has ended. */
const stop = Effect.fnUntraced(function* <A>(shim: ChildProcess, ended: Deferred.Deferred<A, ProcessError>) {
  if (shim.exitCode === null && shim.signalCode === null && !Deferred.isDoneUnsafe(ended)) {
    signalGroup(shim, "SIGTERM");
    yield* Effect.ignore(Effect.timeoutOption(Deferred.await(ended), grace));
  }
  // End-of-file on its pipe makes the shim kill the group, itself included.
  (shim.stdio[3] as Writable).destroy();
  for (const stream of [shim.stdio[1], shim.stdio[2], shim.stdio[4]]) stream?.destroy();
  signalGroup(shim, "SIGKILL");
});

const signalGroup = (shim: ChildProcess, signal: NodeJS.Signals) => {
  if (shim.pid === undefined) return;
  try {
    process.kill(-shim.pid, signal);
  } catch (cause) {
    // The group is gone, or the system has no groups: then the shim itself is all that can be signalled.
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") shim.kill(signal);
  }
};

const notStarted = (spec: { readonly argv: ReadonlyArray<string>; readonly cwd: string }, code: string) => {
  const program = spec.argv[0] ?? "";
  const isPath = /[\\/]/.test(program);
  const why: Readonly<Record<string, string>> = {
    ENOENT: isPath ? `it does not exist (seen from ${spec.cwd})` : "it was not found on the PATH",
    EACCES: "it is not executable",
    ENOTDIR: "its path leads through a file",
    E2BIG: "its arguments are too long",
    ERR_INVALID_ARG_VALUE: program === "" ? "it names no program" : "an argument contains a NUL character",
  };
  const reason = existsSync(spec.cwd) ? (why[code] ?? code) : `the folder ${spec.cwd} does not exist`;
  return new ProcessError({ message: `The command "${program}" could not be started: ${reason}.` });
};
