/**
 * Gives memory back when there is nothing to do. V8 collects when it needs room, and a daemon that is quiet after much
 * work needs none, so it would keep for hours what that left behind: several times what it holds.
 */
import { Effect } from "effect";

const everySeconds = 10;
/** Milliseconds of processor in such a time below which nobody is kept waiting by a collection. */
const quiet = 100;
/** Milliseconds of processor since the last collection that leave something behind to collect. */
const worthwhile = 300;

/** Told how much processor each stretch of time took; answers whether this is the moment to collect. */
export const watchQuiet = () => {
  let since = 0;
  return (milliseconds: number): boolean => {
    since += milliseconds;
    if (milliseconds >= quiet || since < worthwhile) return false;
    since = 0;
    return true;
  };
};

/** Collects all that there is to collect, and blocks for as long: a tenth of a second, as a rule. */
export const freeMemory = (): void => {
  process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
  const collect: unknown = process.getBuiltinModule("node:vm").runInNewContext("globalThis.gc");
  if (typeof collect === "function") collect();
};

export const freeWhenQuiet = Effect.gen(function* () {
  const isMoment = watchQuiet();
  // What the start took counts: its leavings are the first to go.
  let before = { user: 0, system: 0 };
  const look = Effect.sync(() => {
    const now = process.cpuUsage();
    const took = (now.user - before.user + now.system - before.system) / 1000;
    before = now;
    if (!isMoment(took)) return;
    freeMemory();
    // What it took itself is no work.
    before = process.cpuUsage();
  });
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(everySeconds * 1000), look)));
});
