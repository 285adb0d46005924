/** `ocvibe serve`: the daemon listens on a port of 127.0.0.1 as well, until Ctrl-C. With `--json` one line. */
import { Effect, Option } from "effect";
import { Command, Flag } from "effect/cli";
import { switchFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";

export const serve = Command.make(
  "serve",
  {
    port: Flag.Int("port").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("This port (default: one that is free)"),
      Flag.filter(
        (value) => value >= 1 && value <= 65_535,
        () => "a port: 1024 to 65535",
      ),
      Flag.optional,
    ),
    announce: switchFlag("announce", "Make it known on the local network (name, port, version), by mDNS"),
  },
  Effect.fn("serve")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({ port: Option.getOrUndefined(input.port), announce: input.announce });
    yield* session.ask(async (client, signal) => {
      for await (const { data } of client.daemon.listen(request, { signal })) {
        if (session.json) session.screen.out(JSON.stringify(data));
        else {
          session.say(`The daemon listens on ${data.url} until Ctrl-C. Each request needs your token.`);
          if (data.name !== undefined) session.say(`On the local network it is ${data.name}.`);
        }
      }
    });
  }),
).pipe(Command.withDescription("Let the daemon listen on a port of this machine, too"));
