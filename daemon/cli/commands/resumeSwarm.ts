/** `ocvibe resume [EPIC]`: goes on with a swarm that was interrupted or paused, and shows it to its end. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import { chooseSwarm } from "../chooseSwarm.ts";
import { concludeSwarm } from "../concludeSwarm.ts";
import { epicArgument } from "../flags.ts";
import { followSwarm } from "../followSwarm.ts";
import { openSession } from "../openSession.ts";

export const resumeSwarm = Command.make(
  "resume",
  { epic: epicArgument },
  Effect.fn("resume")(function* (input) {
    const session = yield* openSession;
    const { project } = session;
    // A daemon goes on by itself with what the one before it left: then there is something to show at least.
    const statuses = ["interrupted", "paused", "running", "landing", "reverting"] as const;
    const { epic, status, paused } = yield* chooseSwarm(session, input.epic, { verb: "resume", statuses });
    const begun = yield* session.ask((client, signal) => client.swarm.resume({ project, epic }, { signal }));
    const goesOn = !paused && (status === "running" || status === "landing" || status === "reverting");
    session.say(goesOn ? `${epic} goes on already.` : `Resumed ${epic}.`);
    const ended = yield* followSwarm(session, begun);
    yield* concludeSwarm(session, ended, { landing: false });
  }),
).pipe(Command.withDescription("Go on with a swarm that was interrupted or paused"));
