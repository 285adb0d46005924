/** `ocvibe cancel [EPIC]`: ends a swarm; its agents stop and its files are free. What was merged is kept aside. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { chooseSwarm } from "../chooseSwarm.ts";
import { nextSteps } from "../concludeSwarm.ts";
import { epicArgument } from "../flags.ts";
import { openSession } from "../openSession.ts";

export const cancelSwarm = Command.make(
  "cancel",
  { epic: epicArgument },
  Effect.fn("cancel")(function* (input) {
    const session = yield* openSession;
    const { project } = session;
    const statuses = ["running", "interrupted", "paused", "needs-you", "blocked"] as const;
    const { epic } = yield* chooseSwarm(session, input.epic, { verb: "cancel", statuses });
    const swarm = yield* session.ask((client, signal) => client.swarm.cancel({ project, epic }, { signal }));
    session.print(swarm, [
      `${epic} is cancelled. Your branch was not touched.`,
      ...nextSteps(session, swarm),
    ]);
  }),
).pipe(Command.withDescription("End a swarm; what was merged so far is kept aside"));
