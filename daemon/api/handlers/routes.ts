/** The route table's handlers: each hands its input to the part that knows. An agent sees its own project only. */
import { Effect } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { implement } from "../../../shared/router/implement.ts";
import { compose } from "../../../shared/router/Middleware.ts";
import { tracing } from "../../../shared/router/tracing.ts";
import type { Agents } from "../../coordination/agents/Agents.ts";
import type { Mail } from "../../coordination/mail/Mail.ts";
import { approveChecks } from "../../orchestration/swarm/approveChecks.ts";
import { checkBase } from "../../orchestration/swarm/checkBase.ts";
import {
  answerGate,
  approveLanding,
  cancelSwarm,
  discardSwarm,
  resumeSwarm,
} from "../../orchestration/swarm/decideSwarm.ts";
import { listSwarms } from "../../orchestration/swarm/listSwarms.ts";
import { Projects } from "../../orchestration/swarm/Projects.ts";
import { planTask } from "../../orchestration/swarm/planTask.ts";
import { proposeSwarm } from "../../orchestration/swarm/proposeSwarm.ts";
import { Swarms } from "../../orchestration/swarm/Swarms.ts";
import { startSwarm } from "../../orchestration/swarm/startSwarm.ts";
import { findOwn } from "../../orchestration/upkeep/findOwn.ts";
import { uninstall } from "../../orchestration/upkeep/uninstall.ts";
import type { Deferred } from "../../primitives/Deferred.ts";
import type { Mailbox } from "../../primitives/Mailbox.ts";
import type { Caller } from "../authenticate.ts";
import { diagnose } from "../diagnose.ts";
import { Lifecycle } from "../Lifecycle.ts";
import type { LocalPort } from "../LocalPort.ts";
import { measured } from "../metrics.ts";
import { agentHandlers } from "./agents.ts";
import { deferredHandlers } from "./deferred.ts";
import { hiveHandlers } from "./hive.ts";
import { listenHandler } from "./listenRoute.ts";
import { logHandlers } from "./log.ts";
import { mailHandlers } from "./mail.ts";
import { projectHandlers } from "./project.ts";
import { refuseOtherProject, withProject } from "./request.ts";
import { reservationHandlers } from "./reservations.ts";
import { swarmActs } from "./swarmActs.ts";
import { watchHandler } from "./watch.ts";

type Services = Effect.Services<
  ReturnType<typeof startSwarm | typeof approveLanding | typeof planTask | typeof diagnose>
>;

export const routes = implement<
  typeof contract,
  Caller,
  AnyError,
  Services | Lifecycle | LocalPort | Agents | Deferred | Mail | Mailbox
>(
  contract,
  {
    daemon: {
      status: () => Effect.flatMap(Lifecycle, (lifecycle) => lifecycle.status),
      listen: listenHandler,
      stop: () => Effect.flatMap(Lifecycle, (lifecycle) => Effect.as(lifecycle.stop, { pid: process.pid })),
      diagnose: ({ input }) => diagnose(input.project),
      ownThings: () => Effect.map(findOwn(), ({ things }) => things),
      uninstall: ({ input }) =>
        Effect.gen(function* () {
          const { stop } = yield* Lifecycle;
          yield* uninstall(input);
          yield* stop;
          return { pid: process.pid };
        }),
    },
    swarm: {
      plan: ({ input }) => planTask(input),
      propose: ({ input, context }) =>
        Effect.gen(function* () {
          // An agent may have a plan judged, in its own project.
          yield* refuseOtherProject(input.project, context);
          return (yield* proposeSwarm(input)).proposal;
        }),
      approveChecks: ({ input }) => approveChecks(input),
      checkBase: ({ input }) => Effect.map(checkBase(input.project), ({ results }) => ({ results })),
      start: ({ input }) => startSwarm(input),
      resume: ({ input }) => resumeSwarm(input),
      cancel: ({ input }) => cancelSwarm(input),
      discard: ({ input }) => discardSwarm(input),
      land: ({ input }) => approveLanding(input),
      answer: ({ input }) => answerGate(input),
      status: (request) =>
        withProject(request, (project) =>
          Effect.flatMap(Swarms, (swarms) => swarms.view(project, request.input.epic)),
        ),
      list: (request) => withProject(request, listSwarms),
      watch: watchHandler,
      ...swarmActs,
      graph: ({ input }) =>
        Effect.gen(function* () {
          const project = yield* (yield* Projects).open(input.project);
          const { base, head } = yield* (yield* Swarms).view(project.id, input.epic);
          return { text: yield* project.workshop.graph([head ?? base, `^${base}^@`]) };
        }),
    },
    events: logHandlers,
    hive: hiveHandlers,
    agents: agentHandlers,
    reservations: reservationHandlers,
    mail: mailHandlers,
    deferred: deferredHandlers,
    project: projectHandlers,
  },
  { use: compose(tracing, measured) },
);
