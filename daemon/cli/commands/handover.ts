/** `ocvibe handover`: gives files of one's own to another agent, past those who wait for them. */
import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { leaseLine } from "../render/leases.ts";
import { patternsArgument } from "./reserve.ts";

export const handover = Command.make(
  "handover",
  {
    patterns: patternsArgument,
    to: Flag.String("to").pipe(Flag.withMetavar("AGENT"), Flag.withDescription("Who gets them")),
    reason: textFlag("reason", "TEXT", "Why, for the one who gets them"),
  },
  Effect.fn("handover")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({
      project: session.project,
      patterns: input.patterns,
      to: input.to,
      reason: Option.getOrUndefined(input.reason),
    });
    const leases = yield* session.ask((client, signal) => client.reservations.handover(request, { signal }));
    session.print(
      leases,
      leases.map((lease) => `Handed over ${leaseLine(lease)}`),
    );
  }),
).pipe(Command.withDescription("Give files that you hold to another agent"));
