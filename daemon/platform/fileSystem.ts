/** Runs a piece of Node's file system API; a failure names the path and what to do about the common causes. */
import { Effect } from "effect";
import { FileSystemError } from "../../shared/contract/errors.ts";

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full; free some space and try again.",
  EDQUOT: "Your disk quota is used up; free some space and try again.",
  EACCES: "You have no permission for it; check its owner and mode.",
  EPERM: "The system does not permit it; check its owner and mode.",
  EROFS: "The file system is read-only; use a folder on another one, or mount it writable.",
  EMFILE: "Too many files are open; close some programs or raise the limit.",
};

export const fileSystem = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, FileSystemError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => {
      const code = (cause as NodeJS.ErrnoException).code ?? "UNKNOWN";
      const why = cause instanceof Error ? cause.message : String(cause);
      return new FileSystemError({
        message: `${remedies[code] ?? "A file operation failed."} (${why})`,
        path,
        code,
      });
    },
  });
