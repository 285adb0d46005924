/** `ocvibe start`: a plan, the person's yes to it and to the checks, a swarm, and what came of it. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import type { Proposal } from "../../../shared/contract/swarmRoutes.ts";
import { approvePlan, nothingStarted } from "../approvePlan.ts";
import { checkBase } from "../checkBase.ts";
import { concludeSwarm } from "../concludeSwarm.ts";
import { switchFlag, textFlag } from "../flags.ts";
import { followSwarm } from "../followSwarm.ts";
import { namingSource, obtainPlan } from "../obtainPlan.ts";
import { omitUndefined } from "../omitUndefined.ts";
import { openSession } from "../openSession.ts";
import { renderPlan } from "../render/renderPlan.ts";
import type { Session } from "../Session.ts";

const numberFlag = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.withDescription(description),
    Flag.filter(
      (value) => value >= 1,
      () => "a whole number, at least 1",
    ),
    Flag.optional,
  );

const config = {
  task: Argument.String("task").pipe(
    Argument.withDescription("What you want done, for a planner to make a plan of"),
    Argument.optional,
  ),
  plan: textFlag("plan", "FILE", "Use this plan (JSON)"),
  planOnly: switchFlag("plan-only", "Show the plan and stop"),
  planner: textFlag(
    "planner",
    "SPEC",
    "What turns the task into a plan: command:PROG, given the task on its standard input",
  ),
  agent: textFlag("agent", "SPEC", "What works on subtasks that name no agent: command:PROG"),
  maxWorkers: numberFlag("max-workers", "The most agents at once"),
  maxSubtasks: numberFlag("max-subtasks", "The most subtasks that a plan may have"),
  yes: switchFlag("yes", "Approve the plan without being asked; never the landing"),
  land: switchFlag("land", "Land whatever passes every gate, without being asked"),
  landUnchecked: switchFlag("land-unchecked", "With --land: also when the project has no checks"),
  allowChecks: switchFlag("allow-checks", "Approve the repository's check commands as they stand"),
  waive: Flag.String("waive").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("Accept a check that fails before any work is done (repeatable)"),
    Flag.atLeast(0),
  ),
};

export type StartInput = Command.Command.Config.Infer<typeof config>;

export const startSwarm = Command.make(
  "start",
  config,
  Effect.fn("start")(function* (input: StartInput) {
    const session = yield* openSession;
    const request = omitUndefined({
      project: session.project,
      text: yield* obtainPlan(session, input),
      agent: Option.getOrUndefined(input.agent),
      maxWorkers: Option.getOrUndefined(input.maxWorkers),
    });
    const proposal = yield* session
      .ask((client, signal) => client.swarm.propose(request, { signal }))
      .pipe(Effect.catchTag("InvalidPlan", (error) => Effect.fail(namingSource(error, input))));
    if (input.planOnly) return session.print(proposal, planLines(session, proposal));
    for (const line of planLines(session, proposal)) session.say(line);
    yield* approvePlan(session, proposal, input).pipe(
      Effect.andThen(checkBase(session, proposal, input)),
      Effect.onInterrupt(() => Effect.sync(() => session.say(nothingStarted))),
    );
    const begun = yield* session.ask((client, signal) =>
      client.swarm.start(
        {
          ...request,
          ...omitUndefined({ task: Option.getOrUndefined(input.task) }),
          base: proposal.base,
          approvedPlan: proposal.planHash,
          land: input.land,
          landUnchecked: input.landUnchecked,
          waive: input.waive,
        },
        { signal },
      ),
    );
    session.say(`Started ${begun.epic}.`);
    const ended = yield* followSwarm(session, begun);
    yield* concludeSwarm(session, ended, { landing: input.land });
  }),
).pipe(
  Command.withDescription("Plan and run a swarm"),
  Command.withExamples([
    { command: "ocvibe start --plan plan.json", description: "Show a plan, ask, and run it" },
    {
      command: 'ocvibe start "split the parser" --planner command:./plan.sh --agent command:./agent.sh',
      description: "Have a program make the plan",
    },
    {
      command: "ocvibe start --plan plan.json --yes --allow-checks --land",
      description: "Run and land without a question",
    },
  ]),
);

const planLines = (session: Session, proposal: Proposal) =>
  renderPlan(proposal, { colour: session.screen.colour && !session.json, width: session.screen.columns() });
