/**
 * The daemon's log: a line of JSON for each entry, and for each span that took a while or failed, with the annotations (epic, cell,
 * correlation) of whatever was being done. A file that has grown
 * large becomes `<file>.1`, and a new one is begun.
 */
import { appendFileSync, existsSync, renameSync, statSync } from "node:fs";
import { Cause, Effect, Exit, Layer, Logger, References, Tracer } from "effect";

const rotateAt = 5 * 1024 * 1024;
/** Nanoseconds. */
const worthTelling = 100_000_000n;

export const fileLog = (file: string) => {
  let size = existsSync(file) ? statSync(file).size : 0;
  let lost = 0;
  // A full disk must not fail what is being logged; what could not be written is counted and said later.
  const write = (entry: object) => {
    try {
      if (size > rotateAt) {
        renameSync(file, `${file}.1`);
        size = 0;
      }
      const line = `${JSON.stringify(lost === 0 ? entry : { ...entry, lostEntries: lost })}\n`;
      appendFileSync(file, line, { mode: 0o600 });
      size += line.length;
      lost = 0;
    } catch {
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
