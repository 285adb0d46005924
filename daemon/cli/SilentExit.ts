/** Ends the command with an exit code when everything that is to be said was said already. */
import { Data } from "effect";

export class SilentExit extends Data.TaggedError("SilentExit")<{ readonly code: number }> {}
