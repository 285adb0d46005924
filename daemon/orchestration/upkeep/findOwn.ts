/**
 * Everything of ours on this machine, for whoever wants to be rid of it: what lies in repositories, the data folder
 * item by item, and the work that would be lost because it is nowhere else.
 */
import { createHash } from "node:crypto";
import { readdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Effect } from "effect";
import { findRepository } from "../../../shared/client/findRepository.ts";
import { ownDataName } from "../../../shared/client/ownData.ts";
import { canonicalJson } from "../../../shared/contract/canonicalJson.ts";
import type { OwnThings } from "../../../shared/contract/daemonRoutes.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { Swarms } from "../swarm/Swarms.ts";
import { readProjectRecord } from "../swarm/UserRepository.ts";
import { diskUse, namesIn } from "./diskUse.ts";

/** A repository that we wrote to. */
export interface OwnRepository {
  readonly commonDir: string;
  /** The folder of the project's record. */
  readonly record: string;
  /** Names of the refs that keep commits from being collected. */
  readonly pins: ReadonlyArray<string>;
}

export const findOwn = Effect.fn("findOwn")(function* () {
  const { root } = yield* DataFolder;
  const store = yield* EventStore;
  const opened = yield* store.readAll({ types: ["project_opened"] });
  const known = new Set(opened.flatMap(({ project }) => project ?? []));
  const swarms = yield* allSwarms;
  const places = [
    ...opened.map(({ data }) => String((data as { commonDir?: unknown }).commonDir)),
    ...(yield* commonDirsOf(swarms.map((swarm) => swarm.root))),
  ];
  const repositories: Array<OwnRepository> = [];
  const stays: Array<string> = [];
  for (const commonDir of new Set(places)) {
    const found = yield* lookAt(commonDir, known);
    if (found === undefined) {
      stays.push(
        `${commonDir} is not there any more, or is no project of ours now; nothing is removed there.`,
      );
    } else if (!repositories.some((other) => other.commonDir === found.commonDir)) repositories.push(found);
  }
  const items = [
    ...(yield* Effect.forEach(repositories, inRepository)).flat(),
    ...(yield* inDataFolder(root, stays)),
  ];
  const unlanded = [...swarms.filter(isUnlanded).map(asUnlanded), ...(yield* unknownProjects(root, known))];
  // Files of the store come and go while it is used, so the data folder counts by what there is.
  const named = new Set(items.map(({ by, what, path }) => (by === "client" ? what : path)));
  const listed = canonicalJson([[...named].sort(), unlanded]);
  const hash = createHash("sha256").update(listed).digest("hex");
  const things: OwnThings = { folder: root, items, unlanded, stays, hash };
  return { things, repositories, swarms };
});

const allSwarms = Effect.gen(function* () {
  const store = yield* EventStore;
  const swarms = yield* Swarms;
  const views = yield* Effect.forEach(yield* store.rows("swarms"), (row) =>
    // Of a swarm whose beginning was redacted nothing is left to be lost.
    Effect.catchTag(swarms.view(String(row.project), String(row.epic)), "NotFound", () => Effect.undefined),
  );
  return views.filter((view) => view !== undefined);
});

/** What was merged of a cancelled swarm is kept until it is discarded. */
const isUnlanded = ({ status, head, base }: SwarmView): boolean =>
  !["landed", "reverted", "discarded"].includes(status) &&
  (status !== "cancelled" || (head !== null && head !== base));

const asUnlanded = ({ epic, title, root, status }: SwarmView) => ({ id: epic, title, place: root, status });

/** A folder of a store that was moved away for a while may hold work that this one knows nothing of. */
const unknownProjects = Effect.fnUntraced(function* (root: string, known: ReadonlySet<string>) {
  const folder = join(root, "projects");
  const names = yield* fileSystem(folder, () => namesIn(folder));
  return names
    .filter((name) => !known.has(name))
    .map((name) => ({
      id: name,
      title: "a project that this store does not know",
      place: join(folder, name),
      status: "unknown",
    }));
});

/** A repository that was moved since its first use is found by the folders that its swarms began in. */
const commonDirsOf = Effect.fnUntraced(function* (roots: ReadonlyArray<string>) {
  const found = yield* Effect.promise(() => Promise.all([...new Set(roots)].map(findRepository)));
  return found.flatMap((repository) => repository?.commonDir ?? []);
});

/** Undefined when it is no repository of a project of ours. */
const lookAt = Effect.fnUntraced(function* (place: string, known: ReadonlySet<string>) {
  const commonDir = yield* Effect.promise(() => realpath(place).catch(() => undefined));
  if (commonDir === undefined) return undefined;
  const record = yield* readProjectRecord(commonDir).pipe(
    Effect.catchTag("UnsupportedRepository", () => Effect.undefined),
  );
  if (record === undefined || !known.has(record.id)) return undefined;
  const git = yield* Git;
  const refs = yield* git.run(["for-each-ref", "--format=%(refname)", "refs/vibe/"], { cwd: commonDir });
  const pins = refs.stdout.split("\n").filter((ref) => ref !== "");
  const repository: OwnRepository = { commonDir, record: join(commonDir, "vibe"), pins };
  return repository;
});

type Item = OwnThings["items"][number];

const inRepository = Effect.fnUntraced(function* ({ commonDir, record, pins }: OwnRepository) {
  const bytes = (yield* fileSystem(record, () => diskUse(record)))?.bytes ?? 0;
  const items: ReadonlyArray<Item> = [
    { what: "the project's record", path: record, bytes, by: "daemon" },
    ...pins.map((pin) => ({
      what: `a pin of a commit in ${dirname(commonDir)}`,
      path: pin,
      bytes: 0,
      by: "daemon" as const,
    })),
  ];
  return items;
});

const inDataFolder = Effect.fnUntraced(function* (root: string, stays: Array<string>) {
  const items: Array<Item> = [];
  for (const name of yield* fileSystem(root, () => readdir(root))) {
    const path = join(root, name);
    const what = ownDataName(name);
    if (what === undefined) stays.push(`${path} is not ours.`);
    else {
      const bytes = (yield* fileSystem(path, () => diskUse(path)))?.bytes ?? 0;
      items.push({ what, path, bytes, by: "client" });
    }
  }
  return items;
});
