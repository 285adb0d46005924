/**
 * Shows a swarm until the daemon has nothing more to do for it, and gives its last state. Ctrl-C ends the
 * showing only: the swarm goes on, and the person is told how to come back to it. A daemon that dies is started
 * again by the client, and the showing goes on with what comes after the last event that was shown.
 */
import { Effect } from "effect";
import { DaemonUnreachable } from "../../shared/contract/errors.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { openDisplay } from "./display.ts";
import type { Session } from "./Session.ts";

export const followSwarm = Effect.fn("followSwarm")(function* (session: Session, begun: SwarmView) {
  const { project } = session;
  const { epic } = begun;
  return yield* Effect.acquireUseRelease(
    Effect.sync(() => openDisplay(session)),
    (display) =>
      session.ask(async (client, signal) => {
        let last = begun;
        display.update({ kind: "state", swarm: begun });
        for await (const { data } of client.swarm.watch({ project, epic }, { signal })) {
          display.update(data);
          if (data.kind === "state") last = data.swarm;
        }
        return last;
      }),
    (display) => Effect.sync(display.close),
  ).pipe(
    Effect.onInterrupt(() => Effect.sync(() => sayHowToReturn(session, epic))),
    Effect.catchTag("DaemonUnreachable", () =>
      Effect.fail(
        new DaemonUnreachable({
          message: `The daemon went away while ${epic} was running. Nothing that was finished is lost; go on with \`${session.command("resume", epic)}\`.`,
        }),
      ),
    ),
  );
});

const sayHowToReturn = (session: Session, epic: string) => {
  session.say("");
  session.say(`${epic} goes on without this window.`);
  session.say(`  watch it    ${session.command("status", epic, "--watch")}`);
  session.say(`  resume it   ${session.command("resume", epic)}   (should it be interrupted)`);
  session.say(`  cancel it   ${session.command("cancel", epic)}`);
};
