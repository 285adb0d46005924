/** `ocvibe discover`: OpenCode servers and OpenCode Vibe daemons on this machine and the local network. */
import { Effect } from "effect";
import { Command } from "effect/cli";
import type { Server } from "../../../shared/client/discover.ts";
import { asAnyError } from "../asAnyError.ts";
import { openSession } from "../openSession.ts";
import { painter, plain } from "../render/text.ts";

export const discover = Command.make(
  "discover",
  {},
  Effect.fn("discover")(function* () {
    const session = yield* openSession;
    const { servers, notes } = yield* Effect.tryPromise({
      // Loaded when it is needed: no other command looks at the network.
      try: async () => (await import("../../../shared/client/discover.ts")).discover(),
      catch: asAnyError,
    });
    session.print(servers, serverLines(servers, session.screen.colour));
    for (const note of notes) session.say(plain(note));
  }),
).pipe(
  Command.withDescription("Find OpenCode servers and other daemons on this machine and the local network"),
);

const words: Readonly<Record<Server["health"], readonly ["green" | "yellow" | "red", string]>> = {
  healthy: ["green", "healthy"],
  locked: ["yellow", "answers, and wants a password"],
  unreachable: ["red", "announces itself, but can't be reached from here"],
  "something else": ["red", "something else answers there"],
};

const serverLines = (servers: ReadonlyArray<Server>, colour: boolean): ReadonlyArray<string> => {
  if (servers.length === 0) {
    return [
      "No server was found. `opencode serve --mdns` and `ocvibe serve --announce` make themselves known.",
    ];
  }
  const paint = painter(colour);
  return servers.flatMap((server) => {
    const [style, health] = words[server.health];
    const version = server.version === null ? "" : ` ${server.version}`;
    const where = server.thisMachine ? ", on this machine" : "";
    return [
      `${plain(server.name)} (${server.role}${plain(version)}${where}): ${paint(style, health)}`,
      `  ${plain(server.address)}`,
    ];
  });
};
