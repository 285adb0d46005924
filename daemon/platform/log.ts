/**
 * The daemon's log: a line of JSON for each entry, and for each span that took a while or failed, with the annotations
 * (epic, cell, correlation) of whatever was being done. A file that has grown large becomes `<file>.1` (and that
 * `<file>.2`, up to three), and a new one is begun. A line is whole and in one file, whatever the disk or a kill did
 * to the one before it.
 */
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { Cause, Effect, Exit, Layer, Logger, References, Tracer } from "effect";
import { rotateFile } from "../../shared/client/rotateFile.ts";

const rotateAt = 5 * 1024 * 1024;
/** Nanoseconds. */
const worthTelling = 100_000_000n;

export const fileLog = (file: string) => {
  let end: { size: number; cut: boolean } | undefined;
  let lost = 0;
  // A full disk must not fail what is being logged; what could not be written is counted and said later.
  const write = (entry: object) => {
    try {
      end ??= endOf(file);
      if (end.size > rotateAt) {
        rotateFile(file);
        end = { size: 0, cut: false };
      }
      const text = JSON.stringify(lost === 0 ? entry : { ...entry, lostEntries: lost });
      const line = `${end.cut ? "\n" : ""}${text}\n`;
      appendFileSync(file, line, { mode: 0o600 });
      end = { size: end.size + Buffer.byteLength(line), cut: false };
      lost = 0;
    } catch {
      // Part of the line may be there.
      end = undefined;
      lost++;
    }
  };
  const logger = Logger.make(({ date, logLevel, message, cause, fiber }) => {
    const parts = Array.isArray(message) ? message : [message];
    const annotations = fiber.getRef(References.CurrentLogAnnotations);
    write({
      at: date.toISOString(),
      level: logLevel,
      message: parts.filter((part) => typeof part !== "object").join(" "),
      ...annotations,
      ...Object.assign({}, ...parts.filter((part) => typeof part === "object")),
      ...(cause.reasons.length === 0 ? {} : { cause: Cause.pretty(cause) }),
    });
  });
  const logging = (tracer: Tracer.Tracer): Tracer.Tracer => ({
    ...tracer,
    span: (options) => {
      const span = tracer.span(options);
      const end = span.end.bind(span);
      span.end = (endTime, exit) => {
        end(endTime, exit);
        const failed = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause);
        // What succeeds at once happens hundreds of times a second, and tells nobody anything.
        if (!failed && endTime - options.startTime < worthTelling) return;
        write({
          at: new Date(Number(endTime / 1_000_000n)).toISOString(),
          level: "Trace",
          span: span.name,
          ms: Number(endTime - options.startTime) / 1e6,
          trace: span.traceId,
          id: span.spanId,
          parent: options.parent._tag === "Some" ? options.parent.value.spanId : undefined,
          ...Object.fromEntries(span.attributes),
          ...(failed ? { failed: true } : {}),
        });
      };
      return span;
    },
  });
  return Layer.merge(Logger.layer([logger]), Layer.effect(Tracer.Tracer, Effect.map(Effect.tracer, logging)));
};

/** How large the file is, and whether its last line was cut off. */
const endOf = (file: string): { size: number; cut: boolean } => {
  if (!existsSync(file)) return { size: 0, cut: false };
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const last = Buffer.alloc(1);
    return { size, cut: size > 0 && readSync(handle, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a };
  } finally {
    closeSync(handle);
  }
};
