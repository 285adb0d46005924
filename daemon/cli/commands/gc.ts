/** `ocvibe gc`: says what of the daemon's data nothing needs any more, and frees it after a yes. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { switchFlag } from "../flags.ts";
import { openSession } from "../openSession.ts";
import { count, fileSize, plain } from "../render/text.ts";

export const gc = Command.make(
  "gc",
  { yes: switchFlag("yes", "Free it without being asked") },
  Effect.fn("gc")(function* ({ yes }) {
    const session = yield* openSession;
    const { screen } = session;
    const ask = (free: boolean) => session.ask((client, signal) => client.events.gc({ free }, { signal }));
    const found = yield* ask(yes);
    const total = found.items.reduce((sum, { bytes }) => sum + bytes, 0);
    const lines = found.items.flatMap(({ what, path, bytes }) => [
      `${fileSize(bytes).padStart(9)}  ${plain(what)}`,
      ...(path === undefined ? [] : [`${" ".repeat(11)}${plain(path)}`]),
    ]);
    if (found.items.length === 0) return session.print(found, ["There is nothing to free."]);
    const sum = `${fileSize(total)} in ${count(found.items.length, "place")}`;
    if (found.freed) return session.print(found, [...lines, `${sum} freed.`]);
    session.print(found, [
      ...lines,
      `${sum} could be freed. Events stay; what agents printed, and the graphs of swarms that were discarded, would be gone.`,
    ]);
    if (!session.interactive) return session.say("Nothing was freed; --yes frees it.");
    if (!(yield* screen.ask("Free it?"))) return session.say("Nothing was freed.");
    yield* ask(true);
    session.say(`${fileSize(total)} freed.`);
  }),
).pipe(Command.withDescription("Free what nothing needs any more"));
