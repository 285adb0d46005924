/** The person's working tree, for who looks at it and starts nothing. */
import { Effect } from "effect";
import { findRepository } from "../../../shared/client/findRepository.ts";
import { Git } from "../../platform/Git.ts";
import { parseStatus } from "./gitOutput.ts";
import { inspect } from "./UserRepository.ts";

/** The top folder of the worktree that a directory is in; fails where there is none, as git says it. */
export const worktreeRoot = Effect.fn("worktreeRoot")(function* (directory: string) {
  const found = yield* Effect.promise(() => findRepository(directory));
  return found?.root ?? (yield* inspect(directory)).root;
});

/** Paths are those of files, but for a folder in which everything is new: that ends in "/". */
export const readDirty = Effect.fn("readDirty")(function* (directory: string) {
  const git = yield* Git;
  const cwd = yield* worktreeRoot(directory);
  const args = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"];
  return parseStatus((yield* git.run(args, { cwd })).stdout);
});
