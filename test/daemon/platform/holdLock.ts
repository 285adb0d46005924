/**
 * Says `ready`, waits for the time at which to begin, takes the lock of the file given, and says `held`, `busy`, or
 * what went wrong. It holds the lock until its input ends.
 */
import { once } from "node:events";
import { Effect } from "effect";
import { holdDaemonLock } from "../../../daemon/platform/DaemonLock.ts";

const [, , file = ""] = process.argv;
const say = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`));

await Effect.runPromise(say("ready"));
const [startAt] = (await once(process.stdin, "data")) as [Buffer];
const end = once(process.stdin, "end");
// All contenders begin in the same moment.
while (Date.now() < Number(startAt));

await Effect.runPromise(
  holdDaemonLock(file).pipe(
    Effect.andThen(say("held")),
    Effect.catch((error) => say(error._tag === "DaemonLockBusy" ? "busy" : error.message)),
    Effect.andThen(Effect.promise(() => end)),
    Effect.scoped,
  ),
);
