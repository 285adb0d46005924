/** The routes of agents and their tokens. Whose agent an agent is follows from its token, never from the input. */
import { Effect } from "effect";
import {
  type AnyError,
  InvalidInput,
  NotAllowed,
  NotFound,
  Unauthenticated,
} from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import { Agents } from "../../coordination/agents/Agents.ts";
import { Projects } from "../../orchestration/swarm/Projects.ts";
import type { Caller } from "../authenticate.ts";
import { callerName, given, originOf, projectBegun, projectOf, withProject } from "./request.ts";

export const agentHandlers: Handlers<Contract["agents"], Caller, AnyError, Agents | Projects> = {
  register: ({ input, context }) =>
    Effect.gen(function* () {
      const { project: directory, ...session } = input;
      // The person begins to use a repository by it; a harness's hooks leave one that is not ours alone.
      const project =
        context.kind === "person"
          ? yield* projectBegun(directory, context)
          : yield* projectOf(directory, context);
      const agents = yield* Agents;
      return yield* agents.register(originOf(project, context), { kind: "session", ...session });
    }),
  whoami: ({ context, input }) =>
    Effect.gen(function* () {
      if (context.kind !== "agent") return { name: callerName(context), kind: "person" } as const;
      const { name, project } = context;
      if (input.project !== undefined) yield* refuseOtherPlace(name, project, input.project);
      const agent = (yield* Agents).get(project, name);
      if (agent !== undefined) return { name, kind: agent.kind };
      return yield* new Unauthenticated({ message: `${name} has just ended. Register again.` });
    }),
  list: (request) =>
    withProject(request, (project) =>
      Effect.flatMap(Agents, (agents) => agents.list(project, given({ ended: request.input.ended }))),
    ),
  end: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { context, input } = request;
        const agents = yield* Agents;
        const name = yield* whoEnds(context, input.name);
        yield* agents.end(originOf(project, context), name, "ended by hand");
        const view = yield* agents.find(project, name);
        if (view !== undefined) return view;
        return yield* new NotFound({
          message: `There is no agent ${name} in this project. \`agent list\` shows those that there are.`,
        });
      }),
    ),
  endSession: (request) =>
    withProject(request, (project) =>
      Effect.gen(function* () {
        const { harness, session } = request.input;
        const origin = originOf(project, request.context);
        const ended = yield* (yield* Agents).endSession(origin, { harness, session }, "its session is over");
        return { ended };
      }),
    ),
};

const whoEnds = (caller: Caller, name: string | undefined) => {
  if (caller.kind === "agent") {
    return name === undefined || name === caller.name
      ? Effect.succeed(caller.name)
      : Effect.fail(new NotAllowed({ message: `${caller.name} can end itself only, not ${name}.` }));
  }
  return name === undefined
    ? Effect.fail(new InvalidInput({ message: "Say which agent is to end: give its name." }))
    : Effect.succeed(name);
};

/** A folder that is of no project of ours is fine: a worker's checkout is one. */
const refuseOtherPlace = Effect.fnUntraced(function* (name: string, own: string, directory: string) {
  const known = (yield* Projects).known(directory);
  const id = yield* Effect.catchTag(known, "UnsupportedRepository", () => Effect.succeed(undefined));
  if (id === undefined || id === own) return;
  return yield* new NotAllowed({
    message: `${directory} is of another project than ${name}'s own, where files of the same names are other files. Use a token of an agent that was registered there.`,
  });
});
