/**
 * Keeps what an agent prints in a file, up to a limit; a flood beyond it is counted and dropped, and costs
 * neither disk nor memory. Each line is also handed on, for whoever watches.
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { Effect } from "effect";
import { fileSystem } from "../../platform/fileSystem.ts";

const maxBytes = 10 * 1024 * 1024;
const maxLine = 200;
/** A line is shown at most this often: a flood must not reach the watchers. */
const showEveryMs = 100;

export const openOutputLog = Effect.fn("openOutputLog")(function* (file: string, onLine: (line: string) => void) {
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
  let partial = "";
  let waiting: string | undefined;
  let shownAt = 0;
  const show = () => {
    if (waiting !== undefined) onLine(waiting);
    waiting = undefined;
    shownAt = Date.now();
  };
  const write = (chunk: Buffer) => {
    const room = chunk.subarray(0, Math.max(0, maxBytes - kept));
    if (room.length > 0) kept += writeSync(descriptor, room);
    dropped += chunk.length - room.length;
    const lines = (partial + decoder.write(chunk)).split("\n");
    partial = (lines.pop() ?? "").slice(-maxLine);
    const last = lines.findLast((line) => line.trim() !== "");
    if (last === undefined) return;
    waiting = clean(last);
    if (Date.now() - shownAt >= showEveryMs) show();
  };
  return {
    write,
    /** Answers the number of bytes that were dropped. */
    close: Effect.sync(() => {
      if (partial.trim() !== "") waiting = clean(partial);
      show();
      if (dropped > 0) writeSync(descriptor, `\n[${dropped} bytes more were printed and are not kept]\n`);
      return dropped;
    }),
  };
});

/** A line for a terminal of ours: no control characters or colours of the agent's. */
const clean = (line: string) =>
  line
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u001f\u007f]/g, "")
    .slice(0, maxLine);
