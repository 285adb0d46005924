/** The route table's handlers: each hands its input to the part that knows. An agent sees its own project only. */
import { Effect, Stream } from "effect";
import { type AnyError, InvalidInput, NotFound, NotNow } from "../../shared/contract/errors.ts";
import { contract } from "../../shared/contract/routes.ts";
import { implement } from "../../shared/router/implement.ts";
import { Hive } from "../coordination/hive/Hive.ts";
import { Reservations } from "../coordination/reservations/Reservations.ts";
import { approveChecks } from "../orchestration/swarm/approveChecks.ts";
import { checkBase } from "../orchestration/swarm/checkBase.ts";
import {
  answerGate,
  approveLanding,
  cancelSwarm,
  discardSwarm,
  resumeSwarm,
} from "../orchestration/swarm/decideSwarm.ts";
import { Projects } from "../orchestration/swarm/Projects.ts";
import { planTask } from "../orchestration/swarm/planTask.ts";
import { proposeSwarm } from "../orchestration/swarm/proposeSwarm.ts";
import { Swarms } from "../orchestration/swarm/Swarms.ts";
import { startSwarm } from "../orchestration/swarm/startSwarm.ts";
import { EventStore } from "../primitives/EventStore.ts";
import type { Caller } from "./authenticate.ts";
import { diagnose } from "./diagnose.ts";
import { Lifecycle } from "./Lifecycle.ts";

/** The project that a call is about: the directory's for the person; an agent's own, wherever it asks from. */
const projectOf = Effect.fnUntraced(function* (directory: string, caller: Caller) {
  if (caller.kind === "agent") return caller.project;
  const projects = yield* Projects;
  const id = yield* projects.known(directory);
  if (id !== undefined) return id;
  return yield* new NotFound({
    message: `${directory} is no project of ours yet: no swarm was ever started there.`,
  });
});

/** What an agent may read of the log: its project's events. */
const visible = Effect.fnUntraced(function* (directory: string | undefined, caller: Caller) {
  if (directory !== undefined) return { project: yield* projectOf(directory, caller) };
  return caller.kind === "agent" ? { project: caller.project } : {};
});

/** Without the fields that were not given, as optional fields want it. */
const given = <A extends object>(fields: A) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]?: Exclude<A[K], undefined>;
  };

const hiveOrigin = (project: string, caller: Caller) => ({ project, actor: caller.actor });

const withProject = <A, E, R>(
  { input, context }: { readonly input: { readonly project: string }; readonly context: Caller },
  use: (project: string) => Effect.Effect<A, E, R>,
) => Effect.flatMap(projectOf(input.project, context), use);

type Services = Effect.Services<
  ReturnType<typeof startSwarm | typeof approveLanding | typeof planTask | typeof diagnose>
>;

export const routes = implement<typeof contract, Caller, AnyError, Services | Lifecycle>(contract, {
  daemon: {
    status: () => Effect.flatMap(Lifecycle, (lifecycle) => lifecycle.status),
    stop: () => Effect.flatMap(Lifecycle, (lifecycle) => Effect.as(lifecycle.stop, { pid: process.pid })),
    diagnose: ({ input }) => diagnose(input.project),
  },
  swarm: {
    plan: ({ input }) => planTask(input),
    propose: ({ input }) => Effect.map(proposeSwarm(input), ({ proposal }) => proposal),
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
    list: (request) =>
      withProject(
        request,
        Effect.fnUntraced(function* (project) {
          const store = yield* EventStore;
          const swarms = yield* Swarms;
          const rows = yield* store.rows("swarms", { project });
          const recent = rows.toSorted((a, b) => Number(b.last_seq) - Number(a.last_seq)).slice(0, listed);
          return yield* Effect.forEach(recent, (row) => swarms.view(project, String(row.epic)));
        }),
      ),
    watch: ({ input, context }) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const project = yield* projectOf(input.project, context);
          const swarms = yield* Swarms;
          return Stream.map(swarms.watch(project, input.epic), (data) => ({ data }));
        }),
      ),
    graph: ({ input }) =>
      Effect.gen(function* () {
        const project = yield* (yield* Projects).open(input.project);
        const { base, head } = yield* (yield* Swarms).view(project.id, input.epic);
        return { text: yield* project.workshop.graph([head ?? base, `^${base}^@`]) };
      }),
  },
  events: {
    list: ({ input, context }) =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const scope = yield* visible(input.project, context);
        return yield* store.readAll({
          ...scope,
          ...given({ after: input.after, stream: input.stream, limit: input.limit ?? 1000 }),
          ...(input.type === undefined ? {} : { types: [input.type] }),
        });
      }),
    follow: ({ input, context, lastEventId }) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const store = yield* EventStore;
          const scope = yield* visible(input.project, context);
          const [id, seq] = lastEventId?.split(":") ?? [];
          if (id !== undefined && id !== store.storeId) {
            return yield* new NotNow({
              message: "This is another store than the one you were following. Start from its beginning.",
            });
          }
          const after = seq === undefined ? input.after : Number(seq);
          if (Number.isNaN(after)) {
            return yield* new InvalidInput({
              message: `"${lastEventId}" is no position in the log: <store>:<seq>.`,
            });
          }
          return store.subscribe({ ...scope, ...given({ after }) }).pipe(
            Stream.map((event) => ({
              id: `${store.storeId}:${event.seq}`,
              // What the filter leaves out still moves the reader on.
              ...(input.type === undefined || event.type === input.type ? { data: event } : {}),
            })),
          );
        }),
      ),
    rebuild: () => Effect.flatMap(EventStore, (store) => store.rebuild),
  },
  hive: {
    create: ({ input, context }) =>
      Effect.gen(function* () {
        const { project: directory, ...fields } = input;
        const project =
          context.kind === "agent" ? context.project : (yield* (yield* Projects).open(directory)).id;
        return yield* (yield* Hive).create(hiveOrigin(project, context), fields);
      }),
    list: (request) =>
      withProject(request, (project) =>
        Effect.map(Hive, (hive) => hive.list(project, given({ status: request.input.status }))),
      ),
    show: (request) =>
      withProject(request, (project) => Effect.flatMap(Hive, (hive) => hive.show(project, request.input.id))),
  },
  reservations: {
    list: (request) =>
      withProject(request, (project) =>
        Effect.map(Reservations, (reservations) =>
          reservations.list(project).map(({ project: _, ...lease }) => lease),
        ),
      ),
    check: (request) =>
      withProject(request, (project) =>
        Effect.map(Reservations, (reservations) =>
          reservations.conflicts(project, [request.input.path], { holder: callerName(request.context) }),
        ),
      ),
  },
});

/** As many of a project's swarms as a list shows, the latest first. */
const listed = 50;

const callerName = (caller: Caller) => (caller.kind === "agent" ? caller.name : "person");
