/**
 * What a folder is to us: a project, a repository that may become one, or a checkout that we made for a worker, which
 * is no project of its own. Nothing is written. For everything else it fails as whatever begins to use a repository
 * would, and says why.
 */
import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { Effect } from "effect";
import { findRepository } from "../../../shared/client/findRepository.ts";
import { InvalidInput, UnsupportedRepository } from "../../../shared/contract/errors.ts";
import type { ProjectPlace } from "../../../shared/contract/projectRoutes.ts";
import { safeName } from "../../coordination/hive/cellId.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { followSwarm } from "./SwarmLog.ts";
import { inspectSupported, readProjectRecord } from "./UserRepository.ts";

export const locateFolder = Effect.fn("locateFolder")(function* (folder: string) {
  if (!isAbsolute(folder)) {
    return yield* new InvalidInput({
      message: `${folder} is no absolute path. Give the whole path of a folder.`,
    });
  }
  const { root: data } = yield* DataFolder;
  const inData = yield* fileSystem(folder, () => pathInside(data, folder));
  if (inData !== undefined) return yield* locateCheckout(folder, inData);
  const found = yield* Effect.promise(() => findRepository(folder));
  if (found !== undefined) {
    const commonDir = yield* fileSystem(found.commonDir, () => realpath(found.commonDir));
    const record = yield* readProjectRecord(commonDir);
    if (record !== undefined) return project({ id: record.id, root: found.root, commonDir });
  }
  // Nothing is known of it: whether a swarm could work there, and why not, is said as when one is started.
  const { root, commonDir } = yield* inspectSupported(folder);
  const record = yield* readProjectRecord(commonDir);
  return project({ ...(record !== undefined && { id: record.id }), root, commonDir });
});

const project = (its: { readonly id?: string; readonly root: string; readonly commonDir: string }) => {
  const place: ProjectPlace = { kind: "project", ...its };
  return place;
};

/** What links lead to counts; what does not exist is inside nothing. */
const pathInside = async (outer: string, folder: string): Promise<string | undefined> => {
  const place = await realpath(folder).catch(() => folder);
  const path = relative(await realpath(outer), place);
  return path.startsWith(`..${sep}`) || path === ".." || isAbsolute(path) ? undefined : path;
};

/** Checkouts lie at `projects/<id>/work/<epic>/<cell>/<attempt>`, and the attempt's events name the folder. */
const locateCheckout = Effect.fnUntraced(function* (folder: string, path: string) {
  const { root: data } = yield* DataFolder;
  const store = yield* EventStore;
  const parts = path.split(sep).slice(0, 6);
  const [, id = "", , epicName] = parts;
  const top = join(data, ...parts);
  for (const row of yield* store.rows("swarms", { project: id })) {
    const epic = String(row.epic);
    if (safeName(epic) !== epicName) continue;
    const log = yield* followSwarm(id, epic);
    for (const cell of log.state().subtasks.values()) {
      const attempt = cell.attempts.find((one) => one.folder === top)?.attempt;
      if (attempt === undefined) continue;
      const { root } = log.epic().created;
      const place: ProjectPlace = {
        kind: "checkout",
        epic,
        cell: cell.id,
        attempt,
        folder: top,
        project: { id, root },
      };
      return place;
    }
  }
  return yield* new UnsupportedRepository({
    message: `${folder} lies in OpenCode Vibe's own data folder, and is no project. Open the repository itself.`,
    path: folder,
    reason: "not-a-repository",
  });
}, Effect.scoped);
