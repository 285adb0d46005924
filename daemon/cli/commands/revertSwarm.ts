/** `ocvibe revert EPIC`: takes back what landed, after the person saw which files that touches and said yes. */
import { Effect } from "effect";
import { Argument, Command } from "effect/cli";
import { InvalidInput, LandingRefused, NotNow } from "../../../shared/contract/errors.ts";
import type { SwarmChanges, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { switchFlag } from "../flags.ts";
import { notDone } from "../notDone.ts";
import { openSession } from "../openSession.ts";
import { statusWords, targetName } from "../render/names.ts";
import { count, plain, shortCommit } from "../render/text.ts";
import type { Session } from "../Session.ts";
import { SilentExit } from "../SilentExit.ts";

export const revertSwarm = Command.make(
  "revert",
  {
    epic: Argument.String("epic").pipe(Argument.withDescription("The swarm's id")),
    yes: switchFlag("yes", "Take it back without being asked"),
  },
  Effect.fn("revert")(function* ({ epic, yes }) {
    const session = yield* openSession;
    const { project } = session;
    const swarm = yield* session.ask((client, signal) => client.swarm.status({ project, epic }, { signal }));
    if (swarm.status !== "landed") {
      return yield* new NotNow({
        message: `${epic} can't be taken back: it is ${statusWords[swarm.status]}. \`${session.command("status", epic)}\` says more.`,
      });
    }
    const changes = yield* session.ask((client, signal) =>
      client.swarm.changes({ project, epic }, { signal }),
    );
    yield* approve(session, swarm, changes, yes);
    const commit = changes.head;
    const after = yield* session.ask((client, signal) =>
      client.swarm.revert({ project, epic, commit }, { signal }),
    );
    if (after.status === "landed" && after.refusal !== null) return yield* new LandingRefused(after.refusal);
    if (after.status !== "reverted") return yield* notDone(session, after);
    session.print(after, [
      `${epic} is taken back: ${targetName(after)} has one more commit, which undoes it.`,
    ]);
  }),
).pipe(Command.withDescription("Take back what landed"));

/** Of many files so many are named. */
const shown = 20;

const approve = Effect.fnUntraced(function* (
  session: Session,
  swarm: SwarmView,
  { files, head }: SwarmChanges,
  yes: boolean,
) {
  if (yes) return;
  const { epic } = swarm;
  if (!session.interactive) {
    return yield* new InvalidInput({
      message: `Taking ${epic} back needs your yes, and there is no terminal to ask on: add --yes.`,
    });
  }
  session.say(
    `${plain(swarm.title)} (${epic}) landed on ${targetName(swarm)} as ${shortCommit(head)}. One commit on top of what is there now takes back its changes of ${count(files.length, "file")}:`,
  );
  for (const { status, path } of files.slice(0, shown)) session.say(`  ${undone[status]} ${plain(path)}`);
  if (files.length > shown) session.say(`  and ${files.length - shown} more`);
  session.say("");
  if (yield* session.screen.ask(`Take ${epic} back from ${targetName(swarm)}?`)) return;
  session.say("Nothing was changed.");
  return yield* new SilentExit({ code: 1 });
});

/** What happens to a file that the swarm did this to. */
const undone: Readonly<Record<SwarmChanges["files"][number]["status"], string>> = {
  added: "remove    ",
  deleted: "bring back",
  modified: "restore   ",
  renamed: "move back ",
  mode: "restore   ",
};
