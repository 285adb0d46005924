/**
 * The projects that this daemon works on. A project is a repository, known by the record under its common
 * directory (`.git/vibe/project.json`); every worktree and subfolder of it is the same project.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Context, Effect, Layer, Semaphore } from "effect";
import { findRepository } from "../../../shared/client/findRepository.ts";
import type {
  FileSystemError,
  GitError,
  StorageError,
  UnsupportedRepository,
} from "../../../shared/contract/errors.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { inspect, projectRecord, readProjectRecord, type UserRepository } from "./UserRepository.ts";
import { openWorkshop, type Workshop } from "./Workshop.ts";

export interface OpenProject {
  readonly id: string;
  readonly root: string;
  readonly commonDir: string;
  readonly workshop: Workshop;
  /** Whose name commits bear. */
  readonly identity: { readonly name: string; readonly email: string };
  /** The repository as it was found when this was opened. */
  readonly user: UserRepository;
}

export type ProjectError = UnsupportedRepository | GitError | FileSystemError | StorageError;

/** Where the checks of a base run. */
export const baseCheckFolder = (dataFolder: string, project: string): string =>
  join(dataFolder, "projects", project, "base");

export class Projects extends Context.Service<
  Projects,
  {
    /** The project that a directory, or a repository that was just looked at, is. Its record is written at first use. */
    readonly open: (place: string | UserRepository) => Effect.Effect<OpenProject, ProjectError>;
    /** The id of a directory's project, which is opened unless this daemon has done so already. */
    readonly begin: (directory: string) => Effect.Effect<string, ProjectError>;
    /** The id of a project that was opened before, undefined for a repository that we do not manage. */
    readonly known: (directory: string) => Effect.Effect<string | undefined, ProjectError>;
  }
>()("opencode-vibe/orchestration/Projects") {
  static readonly layer = Layer.effect(
    Projects,
    Effect.gen(function* () {
      const data = yield* DataFolder;
      const store = yield* EventStore;
      const git = yield* Git;
      /** Where each project is that was opened. */
      const seen = new Map<string, string>();
      /** Of several who come to a repository for the first time at once, one makes what is to be there. */
      const turns = new Map<string, Semaphore.Semaphore>();
      const inTurn = <A, E, R>(commonDir: string, effect: Effect.Effect<A, E, R>) => {
        const turn = turns.get(commonDir) ?? Semaphore.makeUnsafe(1);
        turns.set(commonDir, turn);
        return turn.withPermit(effect);
      };

      const open = Effect.fn("Projects.open")(function* (place: string | UserRepository) {
        const user =
          typeof place === "string" ? yield* inspect(place).pipe(Effect.provideService(Git, git)) : place;
        const { id, workshop } = yield* inTurn(user.commonDir, prepare(user));
        const identity = user.identity ?? { name: "OpenCode Vibe", email: "vibe@localhost" };
        return { id, root: user.root, commonDir: user.commonDir, workshop, identity, user };
      });

      const prepare = Effect.fnUntraced(function* (user: UserRepository) {
        const { id } = yield* projectRecord(user.commonDir);
        const folder = join(data.root, "projects", id, "workshop.git");
        const workshop = yield* openWorkshop(folder, user).pipe(Effect.provideService(Git, git));
        if (seen.get(id) !== user.commonDir) {
          // What a daemon that was killed left of its checks of the base.
          const left = baseCheckFolder(data.root, id);
          yield* fileSystem(left, () => rm(left, { recursive: true, force: true }));
          yield* announce(id, user);
          seen.set(id, user.commonDir);
        }
        return { id, workshop };
      });

      /** One event a project, the first time that this store meets it, and when it is somewhere else than before. */
      const announce = Effect.fnUntraced(function* (project: string, user: UserRepository) {
        const known = yield* store.readAll({
          project,
          stream: "project",
          types: ["project_opened"],
        });
        const last = known.at(-1)?.data as { readonly commonDir?: unknown } | undefined;
        if (last?.commonDir === user.commonDir) return;
        const roots = yield* git.run(["rev-list", "--max-parents=0", user.commit], { cwd: user.root });
        const rootCommits = roots.stdout.split("\n").filter((line) => line !== "");
        const data = { commonDir: user.commonDir, rootCommits };
        yield* store
          .append({ project, actor: "daemon" }, [{ stream: "project", type: "project_opened", data }])
          .pipe(Effect.catchTag(["ConcurrencyConflict", "EventRejected"], Effect.die));
      });

      /** Without starting git. */
      const recorded = Effect.fnUntraced(function* (directory: string) {
        const found = yield* Effect.promise(() => findRepository(directory));
        const record = found === undefined ? undefined : yield* readProjectRecord(found.commonDir);
        return record === undefined
          ? undefined
          : { id: record.id, isOpen: seen.get(record.id) === found?.commonDir };
      });

      const begin = Effect.fn("Projects.begin")(function* (directory: string) {
        const record = yield* recorded(directory);
        return record?.isOpen === true ? record.id : (yield* open(directory)).id;
      });

      const known = Effect.fn("Projects.known")(function* (directory: string) {
        const record = yield* recorded(directory);
        if (record !== undefined) return record.id;
        // Nothing is known of it: whether it is a repository at all, and what is the matter with it, git says.
        const user = yield* inspect(directory).pipe(Effect.provideService(Git, git));
        return (yield* readProjectRecord(user.commonDir))?.id;
      });

      return Projects.of({ open, begin, known });
    }),
  );
}
