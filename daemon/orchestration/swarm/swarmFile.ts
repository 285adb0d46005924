/**
 * A file as a commit or tree of a swarm's has it. Only what the swarm made or began from is read: a client can't ask
 * by this for whatever else the repository holds.
 */
import { stat } from "node:fs/promises";
import { Effect } from "effect";
import { InvalidInput, NotFound } from "../../../shared/contract/errors.ts";
import type { SwarmFile } from "../../../shared/contract/swarmRoutes.ts";
import type { EpicState, SubtaskState } from "../../../shared/contract/swarmState.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { openSwarm, type Which } from "./decision.ts";
import { parseTree } from "./gitOutput.ts";
import { objectsOf, treeMark } from "./snapshotNow.ts";
import { objectsAside } from "./Workshop.ts";

interface Asked extends Which {
  readonly commit: string;
  readonly path: string;
}

const maxBytes = 5 * 1024 * 1024;
/** Git looks at so many bytes to tell whether a file is text. */
const lookedAt = 8000;

export const swarmFile = Effect.fn("swarmFile")(function* ({ commit, path, ...which }: Asked) {
  const git = yield* Git;
  const { project, log } = yield* openSwarm(which);
  const subtasks = log.epic().subtaskIds.map((id) => log.subtask(id));
  const isOurs = objectIds(log.epic(), subtasks).has(commit);
  const objects = isOurs ? undefined : yield* takenNow(subtasks, commit);
  if (!isOurs && objects === undefined) {
    return yield* new NotFound({
      message: `${commit.slice(0, 64)} is no commit or tree of ${which.epic}, or was taken from a checkout that is gone. Ask for the changes again.`,
    });
  }
  // No tree has such a path, and git would take it for another.
  if (/(^|\/)(\.{0,2})(\/|$)|\0/.test(path)) return absent;
  const { folder } = project.workshop;
  const options = { cwd: folder, isolated: true, env: { GIT_DIR: folder, ...objectsAside(folder, objects) } };
  const gone = () =>
    new NotFound({ message: `${commit.slice(0, 10)} is not kept any more: its swarm is long over.` });
  const listing = ["--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path];
  const listed = yield* git.run(listing, options).pipe(Effect.mapError(gone));
  const entry = parseTree(listed.stdout).find((one) => one.path === path);
  if (entry === undefined || !isFile(entry.mode)) return absent;
  const { oid } = entry;
  const size = yield* git.run(["cat-file", "-s", oid], options).pipe(Effect.mapError(gone));
  const bytes = Number(size.stdout);
  if (bytes > maxBytes) {
    // Git tells by itself, so that nothing so large is read into memory.
    const empty = emptyTrees[oid.length === 40 ? "sha1" : "sha256"];
    const counting = ["--literal-pathspecs", "diff-tree", "--numstat", "--no-ext-diff", "--no-textconv"];
    const counted = yield* git.run([...counting, "-r", "-z", empty, commit, "--", path], options);
    if (counted.stdout.startsWith("-\t")) return binary(bytes);
    const size = `${(bytes / 1024 / 1024).toFixed(1)} MB`;
    return yield* new InvalidInput({
      message: `${path} has ${size}, too much to be shown here (5 MB at most).`,
    });
  }
  const content = yield* git.readBlob(oid, options);
  if (content.subarray(0, lookedAt).includes(0)) return binary(bytes);
  const file: SwarmFile = { kind: "text", text: content.toString("utf8") };
  return file;
}, Effect.scoped);

const absent: SwarmFile = { kind: "absent" };
const binary = (bytes: number): SwarmFile => ({ kind: "binary", bytes });

/** A file or a link. */
const isFile = (mode: string) => mode.startsWith("100") || mode === "120000";

/** Git knows the empty tree without having it. */
const emptyTrees = {
  sha1: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  sha256: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
};

/** Every commit and tree that the swarm's log names. */
const objectIds = (epic: EpicState, subtasks: ReadonlyArray<SubtaskState>): ReadonlySet<string> => {
  const { created, target, head, landing, revert, targetMerge } = epic;
  const moves = [landing, revert, targetMerge].flatMap((move) => [move?.old, move?.new]);
  const attempts = subtasks.flatMap((subtask) => subtask.attempts);
  const made = attempts.flatMap(({ base, exit, merge }) => [
    base,
    exit?.tree,
    merge?.old,
    merge?.new,
    merge?.commit,
  ]);
  const all = [created.base, target, head, ...moves, ...made];
  return new Set(all.filter((oid): oid is string => typeof oid === "string"));
};

/** The objects of the attempt under way from whose checkout this tree was taken. */
const takenNow = Effect.fnUntraced(function* (subtasks: ReadonlyArray<SubtaskState>, tree: string) {
  if (!/^[0-9a-f]{40,64}$/.test(tree)) return undefined;
  for (const { attempts } of subtasks) {
    const last = attempts.at(-1);
    if (last === undefined || last.exit !== undefined) continue;
    const mark = treeMark(last.folder, tree);
    if ((yield* Effect.option(fileSystem(mark, () => stat(mark))))._tag === "Some")
      return objectsOf(last.folder);
  }
  return undefined;
});
