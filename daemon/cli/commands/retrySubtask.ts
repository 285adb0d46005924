/** `ocvibe retry CELL`: a blocked subtask begins anew, after what kept it from getting done was mended. */
import { Effect } from "effect";
import { Argument, Command } from "effect/cli";
import { nextSteps } from "../concludeSwarm.ts";
import { openSession } from "../openSession.ts";

export const retrySubtask = Command.make(
  "retry",
  { cell: Argument.String("cell").pipe(Argument.withDescription("The blocked subtask's id")) },
  Effect.fn("retry")(function* ({ cell }) {
    const session = yield* openSession;
    const { project } = session;
    const swarm = yield* session.ask((client, signal) => client.swarm.retry({ project, cell }, { signal }));
    session.print(swarm, [`${cell} begins anew.`, ...nextSteps(session, swarm)]);
  }),
).pipe(Command.withDescription("Have a blocked subtask tried again"));
