/** `ocvibe land EPIC`: moves the target to a finished swarm's work, after the person said yes to that commit. */
import { Effect } from "effect";
import { Argument, Command } from "effect/cli";
import { InvalidInput, NotNow } from "../../../shared/contract/errors.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { failUnlessLanded, landNow, nextSteps } from "../concludeSwarm.ts";
import { switchFlag } from "../flags.ts";
import { openSession } from "../openSession.ts";
import { statusWords, targetName } from "../render/names.ts";
import { renderLanding } from "../render/renderSummary.ts";
import { plainLines, shortCommit } from "../render/text.ts";
import type { Session } from "../Session.ts";
import { SilentExit } from "../SilentExit.ts";

export const landSwarm = Command.make(
  "land",
  {
    epic: Argument.String("epic").pipe(Argument.withDescription("The swarm's id")),
    yes: switchFlag("yes", "Approve the commit that is ready now without being asked"),
    landUnchecked: switchFlag("land-unchecked", "Also when the project has no checks"),
  },
  Effect.fn("land")(function* (input) {
    const session = yield* openSession;
    const { project } = session;
    const { epic } = input;
    const swarm = yield* session.ask((client, signal) => client.swarm.status({ project, epic }, { signal }));
    if (swarm.status === "landed") {
      return session.print(swarm, [`${epic} landed on ${targetName(swarm)} already.`]);
    }
    if (swarm.status !== "ready") {
      return yield* new NotNow({
        message: `${epic} can't land: it is ${statusWords[swarm.status]}. \`${session.command("status", epic)}\` says more.`,
      });
    }
    const unchecked = swarm.checks.length === 0;
    if (unchecked && !input.landUnchecked) {
      return yield* new InvalidInput({
        message:
          "No check has judged this work, because the project has none. Look at it, then add --land-unchecked.",
      });
    }
    yield* approve(session, swarm, input.yes);
    const after = yield* landNow(session, swarm, unchecked);
    // A refusal is told as the error.
    const told = after.status === "landed" ? renderLanding(after, session.screen) : nextSteps(session, after);
    session.print(after, told);
    yield* failUnlessLanded(session, after);
  }),
).pipe(Command.withDescription("Bring a finished swarm's work to your branch"));

const approve = Effect.fnUntraced(function* (session: Session, swarm: SwarmView, yes: boolean) {
  if (yes) return;
  if (!session.interactive) {
    return yield* new InvalidInput({
      message: `Landing needs your yes, and there is no terminal to ask on: look at \`${session.command("status", swarm.epic)}\`, then add --yes.`,
    });
  }
  const { project } = session;
  const { epic } = swarm;
  const { text } = yield* session.ask((client, signal) => client.swarm.graph({ project, epic }, { signal }));
  for (const line of plainLines(text)) session.say(line);
  session.say("");
  if (yield* session.screen.ask(`Land ${shortCommit(swarm.head ?? swarm.base)} on ${targetName(swarm)}?`))
    return;
  session.say("Nothing was landed.");
  return yield* new SilentExit({ code: 1 });
});
