/** `ocvibe takeover`: the person takes files from whoever holds them. What an agent did in them does not land. */
import { Effect, Option } from "effect";
import { Command } from "effect/cli";
import { textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { leaseLine } from "../render/leases.ts";
import { patternsArgument, ttlFlag } from "./reserve.ts";

export const takeover = Command.make(
  "takeover",
  { patterns: patternsArgument, ttl: ttlFlag, reason: textFlag("reason", "TEXT", "Why, for the holder") },
  Effect.fn("takeover")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({
      project: session.project,
      patterns: input.patterns,
      ttlSeconds: Option.getOrUndefined(input.ttl),
      reason: Option.getOrUndefined(input.reason),
    });
    const taken = yield* session.ask((client, signal) => client.reservations.takeover(request, { signal }));
    session.print(taken, [
      ...taken.ended.map((lease) => `Ended ${leaseLine(lease)}`),
      `Reserved ${leaseLine(taken.lease)}`,
    ]);
  }),
).pipe(Command.withDescription("Take files from whoever holds them"));
