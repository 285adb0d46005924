/** `ocvibe rebuild`: replays the log and says whether every projection came out as it was. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { openSession } from "../openSession.ts";
import { count, pad } from "../render/text.ts";
import { SilentExit } from "../SilentExit.ts";

export const rebuild = Command.make(
  "rebuild",
  {},
  Effect.fn("rebuild")(function* () {
    const session = yield* openSession;
    const results = yield* session.ask((client, signal) => client.events.rebuild({}, { signal }));
    const width = Math.max(0, ...results.map(({ projection }) => projection.length));
    const lines = results.flatMap(({ projection, rows, equal, differing }) => [
      `${pad(projection, width)}  ${count(rows, "row")}, ${equal ? "as before" : "DIFFERENT from before:"}`,
      ...differing.map((row) => `  ${row}`),
    ]);
    session.print(results, lines);
    if (results.some(({ equal }) => !equal)) return yield* new SilentExit({ code: 1 });
  }),
).pipe(Command.withDescription("Rebuild all projections from the log, and compare"));
