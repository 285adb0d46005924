/** `ocvibe uninstall`: lists everything of ours on this machine, and removes exactly that after a yes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import { Command, Flag } from "effect/cli";
import { awaitEnd } from "../../../shared/client/awaitEnd.ts";
import { dataFolder } from "../../../shared/client/dataFolder.ts";
import { removeOwnData } from "../../../shared/client/ownData.ts";
import type { OwnThings } from "../../../shared/contract/daemonRoutes.ts";
import { asAnyError } from "../asAnyError.ts";
import { switchFlag } from "../flags.ts";
import { openSession } from "../openSession.ts";
import { fileSize, plain } from "../render/text.ts";

const discard = Flag.String("discard").pipe(
  Flag.withMetavar("ID"),
  Flag.withDescription("Lose this unlanded work (repeatable)"),
  Flag.atLeast(0),
);

export const uninstall = Command.make(
  "uninstall",
  { yes: switchFlag("yes", "Remove it without being asked; never what has not landed"), discard },
  Effect.fn("uninstall")(function* ({ yes, discard }) {
    const session = yield* openSession;
    const folder = dataFolder();
    const remove = Effect.tryPromise({ try: () => removeOwnData(folder), catch: asAnyError });
    // A daemon would make the folder that is to go.
    if (!existsSync(join(folder, "store.db"))) {
      const kept = yield* remove;
      return session.print({ removed: true, kept }, ["Nothing of OpenCode Vibe is on this machine."]);
    }
    const things = yield* session.ask((client, signal) => client.daemon.ownThings({}, { signal }));
    for (const line of thingsLines(things)) session.say(line);
    const sure = yes || (session.interactive && (yield* session.screen.ask("Remove all of this?")));
    if (!sure) {
      if (session.json) session.print(things, []);
      return session.say("Nothing was removed; --yes removes it.");
    }
    const { pid } = yield* session.ask((client, signal) =>
      client.daemon.uninstall({ hash: things.hash, discard }, { signal }),
    );
    yield* Effect.tryPromise({ try: () => awaitEnd(pid), catch: asAnyError });
    const kept = yield* remove;
    session.print({ removed: true, kept }, ["Removed. The program itself is where you installed it."]);
  }),
).pipe(Command.withDescription("Remove everything of ours from this machine and its repositories"));

const thingsLines = ({ items, unlanded, stays }: OwnThings): ReadonlyArray<string> => [
  ...items.flatMap(({ what, path, bytes }) => [
    `${fileSize(bytes).padStart(9)}  ${plain(what)}`,
    `${" ".repeat(11)}${plain(path)}`,
  ]),
  ...unlanded.map(({ id, title, status }) => `Not landed: ${plain(id)} (${plain(title)}), ${status}`),
  ...stays.map((sentence) => `Stays: ${plain(sentence)}`),
];
