/**
 * What the agent of an attempt printed, and prints, from its log file: in whole characters, each part with the offset
 * in bytes that the reader has reached with it. A reader that is slow costs no memory.
 */
import { open } from "node:fs/promises";
import { Effect, Latch, Option, Stream } from "effect";
import { NotFound, NotNow } from "../../../shared/contract/errors.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { followSwarm } from "./SwarmLog.ts";
import { logFile, logsFolder } from "./SwarmRun.ts";
import { Swarms } from "./Swarms.ts";

/** Of a file so much is read at once. */
const partBytes = 64 * 1024;

export interface OutputPart {
  /** Bytes of the file up to the end of this part. */
  readonly offset: number;
  readonly text: string;
}

export const agentOutput = (options: {
  readonly project: string;
  readonly epic: string;
  readonly cell: string;
  /** The last one when none is named. */
  readonly attempt: number | undefined;
  /** What the reader has. */
  readonly from: number;
}) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { project, epic, cell, from } = options;
      const store = yield* EventStore;
      const swarms = yield* Swarms;
      const { root } = yield* DataFolder;
      const log = yield* followSwarm(project, epic);
      const subtask = log.state().subtasks.get(cell);
      if (subtask === undefined) return yield* new NotFound({ message: `${epic} has no subtask ${cell}.` });
      const attempt = options.attempt ?? subtask.attempts.length;
      if (attempt < 1 || attempt > subtask.attempts.length) {
        return yield* new NotNow({
          message: `${cell} has ${subtask.attempts.length} attempts so far; there is no attempt ${Math.max(1, attempt)}.`,
        });
      }
      const file = logFile(logsFolder(root, epic), cell, attempt);
      const news = Latch.makeUnsafe(false);
      // The end of an attempt is an event.
      yield* store.onCommit(() => news.openUnsafe());
      yield* swarms.onNews((told) => {
        if (told.kind === "shown" || (told.kind === "wrote" && told.epic === epic && told.cell === cell))
          news.openUnsafe();
      });
      const isOver = () =>
        log.subtask(cell).attempts[attempt - 1]?.exit !== undefined || !swarms.isLive(epic);

      const next = Effect.fnUntraced(function* (at: number) {
        news.closeUnsafe();
        // In this order: what was printed before the end is read.
        const over = isOver();
        const bytes = yield* readPart(file, at);
        const length = over && bytes.length < partBytes ? bytes.length : wholeCharacters(bytes);
        if (length > 0) {
          const part: OutputPart = { offset: at + length, text: bytes.toString("utf8", 0, length) };
          return [[part], Option.some(part.offset)] as const;
        }
        if (over) return [[], Option.none<number>()] as const;
        yield* news.await;
        return [[], Option.some(at)] as const;
      });
      return Stream.paginate(from, next);
    }),
  );

const readPart = (file: string, at: number) =>
  fileSystem(file, async () => {
    const descriptor = await open(file).catch((cause: NodeJS.ErrnoException) => {
      // Nothing was printed yet, or it was removed long after the swarm was over.
      if (cause.code === "ENOENT") return undefined;
      throw cause;
    });
    if (descriptor === undefined) return Buffer.alloc(0);
    try {
      const { bytesRead, buffer } = await descriptor.read(Buffer.alloc(partBytes), 0, partBytes, at);
      return buffer.subarray(0, bytesRead);
    } finally {
      await descriptor.close();
    }
  });

/** How many bytes there are up to the end of the last character that is there as a whole. */
const wholeCharacters = (bytes: Buffer): number => {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? bytes.length - back : bytes.length;
  }
  // No character has more than three bytes after its first: this is no UTF-8, and is shown as such.
  return bytes.length;
};
