/** `ocvibe agent register|list|end`: the agents of this project, and tokens for those that work by hand. */
import { Effect, Option } from "effect";
import { Argument, Command } from "effect/cli";
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import { switchFlag, textFlag } from "../flags.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { pad, plain } from "../render/text.ts";

const register = Command.make(
  "register",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription('1 to 64 letters, digits, "-" or "_"; left out, it is given a name'),
      Argument.optional,
    ),
    harness: textFlag("harness", "PROGRAM", "The program that the agent runs in, with --session"),
    session: textFlag("session", "ID", "That program's id of the session: it comes back as the same agent"),
  },
  Effect.fn("agent.register")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({
      project: session.project,
      name: Option.getOrUndefined(input.name),
      harness: Option.getOrUndefined(input.harness),
      session: Option.getOrUndefined(input.session),
    });
    const agent = yield* session.ask((client, signal) => client.agents.register(request, { signal }));
    session.print(agent, [
      `Registered ${agent.name}. Its token is shown this once:`,
      `  ${agent.token}`,
      "Commands that have it in OCVIBE_AGENT_TOKEN speak as this agent.",
    ]);
  }),
).pipe(Command.withDescription("Make an agent and its token"));

const list = Command.make(
  "list",
  { all: switchFlag("all", "Also those that have ended, the latest first") },
  Effect.fn("agent.list")(function* ({ all }) {
    const session = yield* openSession;
    const request = { project: session.project, ended: all };
    const agents = yield* session.ask((client, signal) => client.agents.list(request, { signal }));
    const none = all ? "There was never an agent here." : "No agent is at work here.";
    session.print(agents, agents.length === 0 ? [none] : agentTable(agents));
  }),
).pipe(Command.withDescription("List the agents at work"));

const end = Command.make(
  "end",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription("The agent; an agent that ends itself leaves it out"),
      Argument.optional,
    ),
  },
  Effect.fn("agent.end")(function* (input) {
    const session = yield* openSession;
    const request = omitUndefined({ project: session.project, name: Option.getOrUndefined(input.name) });
    const agent = yield* session.ask((client, signal) => client.agents.end(request, { signal }));
    session.print(agent, [`${agent.name} has ended; its token is worthless, and its files are free.`]);
  }),
).pipe(Command.withDescription("End an agent, and release what it holds by hand"));

const agentTable = (agents: ReadonlyArray<AgentView>): ReadonlyArray<string> => {
  const width = Math.max(...agents.map(({ name }) => name.length));
  return agents.map((agent) => {
    const since = `since ${agent.registeredAt}`;
    const when = agent.endedAt === undefined ? since : `${since}, ended ${agent.endedAt}`;
    return plain(`${pad(agent.name, width)}  ${pad(workOf(agent), 24)}  ${when}`);
  });
};

const workOf = ({ kind, harness, cell }: AgentView): string => {
  if (kind === "worker") return `works on ${cell ?? "nothing"}`;
  return harness === undefined ? "by hand" : `by hand in ${harness}`;
};

export const agent = Command.make("agent").pipe(
  Command.withDescription("Agents of this project, and their tokens"),
  Command.withSubcommands([register, list, end]),
);
