/** The daemon's part of `doctor`: what it can see of its store, its disk and a project, and how to mend it. */
import { statfs } from "node:fs/promises";
import { Effect } from "effect";
import type { Diagnosis } from "../../shared/contract/daemonRoutes.ts";
import { checksAt } from "../orchestration/swarm/proposeSwarm.ts";
import { inspectSupported } from "../orchestration/swarm/UserRepository.ts";
import { DataFolder } from "../platform/DataFolder.ts";
import { fileSystem } from "../platform/fileSystem.ts";
import { SqlBatch } from "../platform/Sql.ts";

type Line = typeof Diagnosis.Type;

const littleSpace = 1024 ** 3;

export const diagnose = Effect.fn("diagnose")(function* (directory: string | undefined) {
  const lines = [yield* store, yield* disk];
  return directory === undefined ? lines : [...lines, ...(yield* project(directory))];
});

const store = Effect.gen(function* () {
  const sql = yield* SqlBatch;
  const [row] = yield* sql.query("PRAGMA quick_check");
  const verdict = String(Object.values(row ?? {})[0]);
  const line: Line =
    verdict === "ok"
      ? { what: "store", ok: true, detail: "the database is whole" }
      : {
          what: "store",
          ok: false,
          detail: verdict,
          remedy:
            "Stop the daemon, remove store.db-wal and store.db-shm, and restore store.db from a backup.",
        };
  return line;
});

const disk = Effect.gen(function* () {
  const { root } = yield* DataFolder;
  const info = yield* fileSystem(root, () => statfs(root));
  const free = info.bavail * info.bsize;
  const size =
    free < 1024 ** 3 ? `${Math.floor(free / 1024 ** 2)} MB` : `${(free / 1024 ** 3).toFixed(1)} GB`;
  const line: Line = {
    what: "disk",
    ok: free > littleSpace,
    detail: `${size} free where the data folder is`,
    ...(free > littleSpace ? {} : { remedy: "Free some space: checkouts and the store need it." }),
  };
  return line;
});

const project = Effect.fnUntraced(function* (directory: string) {
  return yield* Effect.gen(function* () {
    const user = yield* inspectSupported(directory);
    const { checks } = yield* checksAt(user);
    const repository: Line = {
      what: "repository",
      ok: true,
      detail: `${user.root} at ${user.commit.slice(0, 10)}`,
    };
    const gate: Line =
      checks.length > 0
        ? { what: "checks", ok: true, detail: checks.map((check) => check.name).join(", ") }
        : {
            what: "checks",
            ok: true,
            note: true,
            detail: "none found, so nothing would judge the agents' work, and landing needs an extra yes",
            remedy: 'Add a "test" script to package.json, or "checks" to .hive/config.json, and commit it.',
          };
    return [repository, gate];
  }).pipe(
    Effect.catchTag(["UnsupportedRepository", "GitError", "FileSystemError", "InvalidInput"], (error) => {
      // These errors say first what is wrong, and then what to do.
      const [, detail = error.message, remedy] = /^(.+?)\.\s+(.+)$/s.exec(error.message) ?? [];
      // Another git may be on the person's PATH by now.
      const restart =
        error._tag === "UnsupportedRepository" && ["git-missing", "git-too-old"].includes(error.reason)
          ? " Then run `ocvibe daemon stop`: the daemon keeps the PATH with which it was started."
          : "";
      const here = remedy === undefined ? {} : { remedy: `${remedy}${restart}` };
      // Outside of a repository nothing is wrong with the machine.
      const outside = error._tag === "UnsupportedRepository" && error.reason === "not-a-repository";
      const line: Line = {
        what: "repository",
        ok: outside,
        ...(outside ? { note: true } : {}),
        detail,
        ...here,
      };
      return Effect.succeed([line]);
    }),
  );
});
