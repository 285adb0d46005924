/** `ocvibe events`: the log itself. With `--json` an array; with `--follow` a line of JSON for each event. */
import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { switchFlag, textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { readHistory } from "../readHistory.ts";
import { eventLine } from "../render/eventLine.ts";
import { redactEvent } from "./redactEvent.ts";

export const events = Command.make(
  "events",
  {
    from: Flag.Int("from").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Begin with this sequence number"),
      Flag.optional,
    ),
    follow: switchFlag("follow", "Go on with what happens, until Ctrl-C"),
    type: textFlag("type", "T", "Only events of this type"),
  },
  Effect.fn("events")(function* (input) {
    const session = yield* openSession;
    const type = Option.getOrUndefined(input.type);
    const after = Option.isSome(input.from) ? input.from.value - 1 : undefined;
    if (input.follow) {
      const filter = omitUndefined({ project: session.project, type, after: after ?? 0 });
      return yield* session.ask(async (client, signal) => {
        const onReset = () =>
          session.screen.err("The store was replaced by another. What follows is the log of that one.");
        for await (const { data } of client.events.follow(filter, { signal, onReset })) {
          session.screen.out(session.json ? JSON.stringify(data) : eventLine(data));
        }
      });
    }
    const all = yield* readHistory(session, omitUndefined({ type, after }));
    session.print(all, all.map(eventLine));
  }),
).pipe(Command.withDescription("Show the log of events"), Command.withSubcommands([redactEvent]));
