/**
 * What in the data folder nothing needs any more. Nothing of a swarm that can still go on is ever among it, nor of
 * one that the store does not know: its folder may belong to a store that was moved away for a while.
 */
import { join } from "node:path";
import { Clock, Effect } from "effect";
import { safeName } from "../../coordination/hive/cellId.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { SqlBatch } from "../../platform/Sql.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { baseCheckFolder } from "../swarm/Projects.ts";
import { Swarms } from "../swarm/Swarms.ts";
import { diskUse, namesIn } from "./diskUse.ts";

export type Garbage = { readonly what: string; readonly bytes: number } & (
  | { readonly kind: "path"; readonly path: string }
  /** Objects of a workshop that no branch reaches. */
  | { readonly kind: "objects"; readonly path: string }
  /** Room in the store's file, and its write-ahead log. */
  | { readonly kind: "store" }
);

const day = 24 * 3600 * 1000;
const logsKept = 30 * day;
/** A check of the base that is under way has changed something in its folder less long ago than this. */
const baseKept = day;
/** What was written just now may be about to be used. */
export const objectsKept = "1.hour.ago";
/** Less room than this in the store's file is not worth writing it anew. */
const worthwhile = 1024 * 1024;

export const findGarbage = Effect.fn("findGarbage")(function* () {
  const { root } = yield* DataFolder;
  const now = yield* Clock.currentTimeMillis;
  const swarms = yield* allSwarms;
  const found: Array<Garbage> = [];
  const add = Effect.fnUntraced(function* (what: string, path: string, untouchedFor = 0) {
    const use = yield* fileSystem(path, () => diskUse(path));
    if (use !== undefined && now - use.changedAt >= untouchedFor) {
      found.push({ kind: "path", what, path, bytes: use.bytes });
    }
  });

  for (const project of yield* fileSystem(root, () => namesIn(join(root, "projects")))) {
    const folder = join(root, "projects", project);
    const mine = swarms.filter((swarm) => swarm.project === project);
    for (const { epic } of mine.filter(({ over }) => over)) {
      yield* add(`checkouts of ${epic}, which is over`, join(folder, "work", safeName(epic)));
    }
    yield* add("a check of the base that was cut short", baseCheckFolder(root, project), baseKept);
    if (mine.length > 0 && mine.every(({ over }) => over)) {
      const path = join(folder, "workshop.git");
      const bytes = yield* unreachable(path);
      if (bytes > 0)
        found.push({ kind: "objects", what: "results of agents that no branch has", path, bytes });
    }
  }
  for (const { epic } of swarms.filter(({ over }) => over)) {
    yield* add(`what the agents of ${epic} printed`, join(root, "logs", "swarms", safeName(epic)), logsKept);
  }
  for (const name of yield* fileSystem(root, () => namesIn(join(root, "logs")))) {
    if (/^daemon\.(log|out)\.\d+$/.test(name)) {
      yield* add("an old part of the daemon's log", join(root, "logs", name));
    }
  }
  const room = yield* roomInStore(root);
  if (room > worthwhile)
    found.push({ kind: "store", what: "room in the store's file that holds nothing", bytes: room });
  return found as ReadonlyArray<Garbage>;
});

/** Every swarm; `over`: nothing can be done with it any more, except to look at it. */
const allSwarms = Effect.gen(function* () {
  const store = yield* EventStore;
  const swarms = yield* Swarms;
  const rows = yield* store.rows("swarms");
  return rows.map((row) => {
    const [epic, project] = [String(row.epic), String(row.project)];
    const ended = ["landed", "reverted", "cancelled", "discarded"].includes(String(row.status));
    return { epic, project, over: ended && !swarms.isLive(epic) };
  });
});

/** Bytes of the loose objects in a workshop that no branch of it reaches. */
const unreachable = Effect.fnUntraced(function* (folder: string) {
  const git = yield* Git;
  if (!(yield* fileSystem(folder, () => namesIn(folder))).includes("HEAD")) return 0;
  const { stdout } = yield* git.run(["prune", "--dry-run", `--expire=${objectsKept}`], pruning(folder));
  let bytes = 0;
  for (const line of stdout.split("\n")) {
    const [oid = ""] = line.split(" ");
    if (oid === "") continue;
    const path = join(folder, "objects", oid.slice(0, 2), oid.slice(2));
    bytes += (yield* fileSystem(path, () => diskUse(path)))?.bytes ?? 0;
  }
  return bytes;
});

export const pruning = (folder: string) => ({ cwd: folder, isolated: true, env: { GIT_DIR: folder } });

const roomInStore = Effect.fnUntraced(function* (root: string) {
  const sql = yield* SqlBatch;
  const number = (pragma: string) =>
    Effect.map(sql.query(`PRAGMA ${pragma}`), ([row]) => Number(Object.values(row ?? {})[0] ?? 0));
  const free = (yield* number("freelist_count")) * (yield* number("page_size"));
  const log = yield* fileSystem(root, () => diskUse(join(root, "store.db-wal")));
  return free + (log?.bytes ?? 0);
});
