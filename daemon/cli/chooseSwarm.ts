/** Which swarm a command means: the one that was named, else the only one that the command fits. */
import { Effect, Option } from "effect";
import { InvalidInput, NotFound } from "../../shared/contract/errors.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { listed } from "./render/text.ts";
import type { Session } from "./Session.ts";

export const chooseSwarm = Effect.fn("chooseSwarm")(function* (
  session: Session,
  given: Option.Option<string>,
  /** What the command does, for instance `resume`, and the states in which it makes sense. */
  fits: { readonly verb: string; readonly statuses: ReadonlyArray<SwarmView["status"]> },
) {
  const { project } = session;
  if (Option.isSome(given)) {
    return yield* session.ask((client, signal) =>
      client.swarm.status({ project, epic: given.value }, { signal }),
    );
  }
  const all = yield* session.ask((client, signal) => client.swarm.list({ project }, { signal }));
  const candidates = all.filter((swarm) => fits.statuses.includes(swarm.status));
  const [only, ...others] = candidates;
  if (only === undefined) {
    return yield* new NotFound({
      message: `This project has no swarm to ${fits.verb}. \`${session.command("status")}\` lists all of them.`,
    });
  }
  if (others.length > 0) {
    const names = candidates.map((swarm) => `${swarm.epic} ("${swarm.title}")`);
    return yield* new InvalidInput({
      message: `There are ${candidates.length} swarms to ${fits.verb}: ${listed(names, 8)}. Name the one you mean.`,
    });
  }
  return only;
});
