/** `ocvibe release`: gives up files that whoever calls has reserved. */
import { Effect } from "effect";
import { Argument, Command } from "effect/cli";
import { switchFlag } from "../flags.ts";
import { openSession } from "../openSession.ts";
import { plain } from "../render/text.ts";

export const release = Command.make(
  "release",
  {
    patterns: Argument.String("pattern").pipe(
      Argument.withDescription("As `reservations` lists them"),
      Argument.variadic(),
    ),
    all: switchFlag("all", "Everything of your own"),
  },
  Effect.fn("release")(function* ({ patterns, all }) {
    const session = yield* openSession;
    const { project } = session;
    const request = all ? { project, all, patterns } : { project, patterns };
    const answer = yield* session.ask((client, signal) => client.reservations.release(request, { signal }));
    session.print(
      answer.released,
      answer.released.length === 0
        ? ["You held no files."]
        : answer.released.map((pattern) => `Released ${plain(pattern)}`),
    );
  }),
).pipe(Command.withDescription("Give up files that you have reserved"));
