/** Takes the lock of the file given and says so on its output: `held`, `busy`, or what went wrong. */
import { Effect } from "effect";
import { holdDaemonLock } from "../../../daemon/platform/DaemonLock.ts";

const [, , file = "", startAt = "0"] = process.argv;

await Effect.runPromise(
  Effect.gen(function* () {
    // All contenders begin in the same millisecond.
    while (Date.now() < Number(startAt)) yield* Effect.void;
    yield* holdDaemonLock(file);
    yield* Effect.sync(() => process.stdout.write("held\n"));
    return yield* Effect.never;
  }).pipe(
    Effect.scoped,
    Effect.catch((error) =>
      Effect.sync(() =>
        process.stdout.write(`${error._tag === "DaemonLockBusy" ? "busy" : error.message}\n`),
      ),
    ),
    Effect.raceFirst(
      Effect.promise(() => new Promise((resolve) => process.stdin.on("end", resolve).resume())),
    ),
  ),
);
