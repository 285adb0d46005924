/** The routes of a project as a whole: what it is, all that happens in it, and what its person has not committed. */
import { Effect, Stream } from "effect";
import type { AnyError } from "../../../shared/contract/errors.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import { locateFolder } from "../../orchestration/swarm/locateFolder.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import { watchProject } from "../../orchestration/swarm/watchProject.ts";
import { readDirty, worktreeRoot } from "../../orchestration/swarm/worktree.ts";
import type { Caller } from "../authenticate.ts";
import { streamPosition } from "../streamPosition.ts";
import { projectOf, withProject } from "./request.ts";

type Services =
  | Projects
  | Effect.Services<ReturnType<typeof locateFolder | typeof readDirty>>
  | Stream.Services<ReturnType<typeof watchProject>>;

export const projectHandlers: Handlers<Contract["project"], Caller, AnyError, Services> = {
  watch: ({ input, context, lastEventId }) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const { after, reset, idOf } = yield* streamPosition(lastEventId);
        const frames = Stream.unwrap(
          Effect.gen(function* () {
            const project = yield* projectOf(input.project, context);
            return watchProject({ project, root: yield* worktreeRoot(input.project), after });
          }),
        ).pipe(
          Stream.map(({ seq, update }) => ({
            ...(seq === undefined ? {} : { id: idOf(seq) }),
            ...(update === undefined ? {} : { data: update }),
          })),
        );
        // Before anything else: to another store this is perhaps no project.
        return reset ? Stream.concat(Stream.succeed({ id: idOf(0), reset: true as const }), frames) : frames;
      }),
    ),
  locate: ({ input }) => locateFolder(input.folder),
  // Only of a repository that is ours already: git runs in it.
  dirty: (request) => withProject(request, () => readDirty(request.input.project)),
};
