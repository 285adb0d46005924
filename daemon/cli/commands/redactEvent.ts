/** `ocvibe events redact SEQ --reason TEXT`: takes the data of an event away, for ever. */
import { Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { InvalidInput } from "../../../shared/contract/errors.ts";
import { switchFlag } from "../flags.ts";
import { openSession } from "../openSession.ts";
import { eventLine } from "../render/eventLine.ts";
import { SilentExit } from "../SilentExit.ts";

export const redactEvent = Command.make(
  "redact",
  {
    seq: Argument.Int("seq").pipe(Argument.withDescription("The event's sequence number")),
    reason: Flag.String("reason").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("Why; it is kept for ever, so without what is to be taken away"),
    ),
    yes: switchFlag("yes", "Without being asked"),
  },
  Effect.fn("redact")(function* ({ seq, reason, yes }) {
    const session = yield* openSession;
    if (seq < 1) return yield* new InvalidInput({ message: `${seq} is no event's sequence number.` });
    if (!yes) {
      if (!session.interactive) {
        return yield* new InvalidInput({
          message: "What is redacted can't be had back, and there is no terminal to ask on: add --yes.",
        });
      }
      const filter = { after: seq - 1, limit: 1 };
      const [event] = yield* session.ask((client, signal) => client.events.list(filter, { signal }));
      if (event?.seq === seq) session.say(eventLine(event));
      if (!(yield* session.screen.ask("Take its data away, for ever?"))) {
        session.say("Nothing was redacted.");
        return yield* new SilentExit({ code: 1 });
      }
    }
    const done = yield* session.ask((client, signal) =>
      client.events.redact({ project: session.project, seq, reason }, { signal }),
    );
    session.print(done, [
      `The data of event ${seq} is gone from the store; event ${done.redaction} says so. The daemon ended, so that its memory has it no more.`,
      "Logs of agents, the hive's file, git, backups and copies of the store are not touched: look there too.",
    ]);
  }),
).pipe(Command.withDescription("Take the data of an event away, for ever"));
