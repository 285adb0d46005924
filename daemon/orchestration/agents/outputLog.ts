/**
 * Keeps what an agent prints in a file, up to a limit; a flood beyond it is counted and dropped, and costs
 * neither disk nor memory. Each line is also handed on, for whoever watches.
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";
import { Effect } from "effect";
import { fileSystem } from "../../platform/fileSystem.ts";

const maxBytes = 10 * 1024 * 1024;
const maxLine = 200;
/** A line is shown at most this often: a flood must not reach the watchers. */
const showEveryMs = 100;

export const openOutputLog = Effect.fn("openOutputLog")(function* (
  file: string,
  tell: {
    readonly onProgress: (line: string) => void;
    readonly onWritten: () => void;
  },
) {
  const descriptor = yield* Effect.acquireRelease(
    fileSystem(file, async () => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      return openSync(file, "a", 0o600);
    }),
    (open) => Effect.sync(() => closeSync(open)),
  );
  const decoder = new StringDecoder("utf8");
  let kept = 0;
  let dropped = 0;
  let refusal: string | undefined;
  let partial = "";
  let waiting: string | undefined;
  let shownAt = 0;
  let timer: NodeJS.Timeout | undefined;
  yield* Effect.addFinalizer(() => Effect.sync(() => clearTimeout(timer)));
  const show = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting !== undefined) tell.onProgress(waiting);
    waiting = undefined;
    shownAt = Date.now();
  };
  /** Answers how many bytes of the chunk are kept. A full disk costs the rest of the log, not the agent. */
  const keep = (chunk: Buffer): number => {
    const room = Math.min(chunk.length, maxBytes - kept);
    if (room === 0 || refusal !== undefined) return 0;
    try {
      return writeSync(descriptor, chunk, 0, room);
    } catch (cause) {
      refusal = String(cause);
      return 0;
    }
  };
  const write = (chunk: Buffer) => {
    const written = keep(chunk);
    kept += written;
    if (written > 0) tell.onWritten();
    dropped += chunk.length - written;
    const lines = (partial + decoder.write(chunk)).split("\n");
    partial = (lines.pop() ?? "").slice(-maxLine);
    const last = lines.findLast((line) => line.trim() !== "");
    if (last === undefined) return;
    waiting = clean(last);
    if (Date.now() - shownAt >= showEveryMs) show();
    else timer ??= setTimeout(show, showEveryMs);
  };
  return {
    write,
    /** Answers the number of bytes that were dropped. */
    close: Effect.gen(function* () {
      if (partial.trim() !== "") waiting = clean(partial);
      show();
      if (dropped === 0) return 0;
      const note = `\n[${dropped} bytes more were printed and are not kept]\n`;
      yield* fileSystem(file, async () => writeSync(descriptor, note)).pipe(
        Effect.catch((error) =>
          Effect.logWarning(`The log ${file} is cut short: ${refusal ?? error.message}`),
        ),
      );
      return dropped;
    }),
  };
});

/** A line for a terminal of ours: no control characters or colours of the agent's. */
const clean = (line: string) =>
  stripVTControlCharacters(line)
    .replace(/\p{Cc}/gu, "")
    .slice(0, maxLine);
