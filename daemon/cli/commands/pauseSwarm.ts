/**
 * `ocvibe pause [EPIC]`: no agent is started from now on, in one swarm or in all of the project's; those at work go on
 * to their end. `resume` lets it go on. Prints the swarm with `--json`, without EPIC an array of those it is about.
 */
import { Effect, Option } from "effect";
import { Argument, Command } from "effect/cli";
import { openSession } from "../openSession.ts";
import { standing } from "../render/names.ts";
import { plain } from "../render/text.ts";

export const pauseSwarm = Command.make(
  "pause",
  {
    epic: Argument.String("epic").pipe(
      Argument.withDescription("The swarm's id; all of the project's when left out"),
      Argument.optional,
    ),
  },
  Effect.fn("pause")(function* ({ epic }) {
    const session = yield* openSession;
    const { project } = session;
    const which = Option.isSome(epic) ? { project, epic: epic.value } : { project };
    const swarms = yield* session.ask((client, signal) => client.swarm.pause(which, { signal }));
    const lines = swarms.flatMap((swarm) => [
      `${swarm.epic} "${plain(swarm.title)}" is ${standing(swarm)}.`,
      `  go on       ${session.command("resume", swarm.epic)}`,
    ]);
    const none = "No swarm of this project is at work or waits, so there is nothing to pause.";
    session.print(Option.isSome(epic) ? swarms[0] : swarms, lines.length === 0 ? [none] : lines);
  }),
).pipe(Command.withDescription("Start no more agents, in one swarm or in all"));
