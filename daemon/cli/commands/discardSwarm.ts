/** `ocvibe discard EPIC`: removes everything of a swarm that did not land. */
import { Effect } from "effect";
import { Argument, Command } from "effect/cli";
import { openSession } from "../openSession.ts";

export const discardSwarm = Command.make(
  "discard",
  { epic: Argument.String("epic").pipe(Argument.withDescription("The swarm's id")) },
  Effect.fn("discard")(function* ({ epic }) {
    const session = yield* openSession;
    const { project } = session;
    const swarm = yield* session.ask((client, signal) => client.swarm.discard({ project, epic }, { signal }));
    session.print(swarm, [
      `${epic} is discarded: its branches and pins are gone. Your branch was not touched.`,
    ]);
  }),
).pipe(Command.withDescription("Remove everything of a swarm that did not land"));
