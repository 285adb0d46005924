/** What handlers of all kinds ask of a request: which project it is about, and who makes it. */
import { Effect } from "effect";
import { NotAllowed, NotFound } from "../../../shared/contract/errors.ts";
import { Projects } from "../../orchestration/swarm/Projects.ts";
import type { Caller } from "../authenticate.ts";

/** The project that a call is about: the directory's for the person; an agent's own, wherever it asks from. */
export const projectOf = Effect.fnUntraced(function* (directory: string, caller: Caller) {
  if (caller.kind === "agent") return caller.project;
  const projects = yield* Projects;
  const id = yield* projects.known(directory);
  if (id !== undefined) return id;
  return yield* new NotFound({
    message: `${directory} is no project of ours yet: no swarm was ever started there.`,
  });
});

/** The same, for what the person may begin to use a repository by. */
export const projectBegun = (directory: string, caller: Caller) =>
  caller.kind === "agent"
    ? Effect.succeed(caller.project)
    : Effect.flatMap(Projects, (projects) => projects.begin(directory));

/** For what is about a directory's files: an agent may name its own project's only. */
export const refuseOtherProject = Effect.fnUntraced(function* (directory: string, caller: Caller) {
  if (caller.kind !== "agent") return;
  const id = yield* (yield* Projects).known(directory);
  if (id === caller.project) return;
  return yield* new NotAllowed({
    message: `${directory} is not in ${caller.name}'s project. An agent asks about its own project only.`,
  });
});

/** What an agent may read of the log: its project's events. */
export const visible = Effect.fnUntraced(function* (directory: string | undefined, caller: Caller) {
  if (directory !== undefined) return { project: yield* projectOf(directory, caller) };
  return caller.kind === "agent" ? { project: caller.project } : {};
});

/** Without the fields that were not given, as optional fields want it. */
export const given = <A extends object>(fields: A) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]?: Exclude<A[K], undefined>;
  };

/** Whose events they are that a call makes. */
export const originOf = (project: string, caller: Caller) => ({ project, actor: caller.actor });

/** The name that leases and mail know the caller by. */
export const callerName = (caller: Caller) => (caller.kind === "agent" ? caller.name : caller.kind);

export const withProject = <A, E, R>(
  { input, context }: { readonly input: { readonly project: string }; readonly context: Caller },
  use: (project: string) => Effect.Effect<A, E, R>,
) => Effect.flatMap(projectOf(input.project, context), use);
