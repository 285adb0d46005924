/** Everything that a project's watchers are shown, on a real store, and readers that fold what they are told. */
import { Effect, Layer, Option, Stream } from "effect";
import { Agents } from "../../../../daemon/coordination/agents/Agents.ts";
import { leavingAgents } from "../../../../daemon/coordination/agents/leavingAgents.ts";
import { Hive } from "../../../../daemon/coordination/hive/Hive.ts";
import { Mail } from "../../../../daemon/coordination/mail/Mail.ts";
import { Reservations } from "../../../../daemon/coordination/reservations/Reservations.ts";
import { Projects } from "../../../../daemon/orchestration/swarm/Projects.ts";
import { Swarms } from "../../../../daemon/orchestration/swarm/Swarms.ts";
import { watchProject } from "../../../../daemon/orchestration/swarm/watchProject.ts";
import { DataFolder } from "../../../../daemon/platform/DataFolder.ts";
import { Git } from "../../../../daemon/platform/Git.ts";
import { Processes } from "../../../../daemon/platform/Processes.ts";
import { Deferred } from "../../../../daemon/primitives/Deferred.ts";
import { Mailbox } from "../../../../daemon/primitives/Mailbox.ts";
import { applyUpdate, emptyModel, type ProjectModel } from "../../../../extension/project/ProjectModel.ts";
import type { ProjectUpdate } from "../../../../shared/contract/projectRoutes.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { temporaryStore } from "../../coordination/storeLayer.ts";

const coordination = Layer.mergeAll(leavingAgents, Mail.layer).pipe(
  Layer.provideMerge(
    Layer.mergeAll(
      Agents.layer,
      Reservations.layer,
      Mailbox.layer.pipe(Layer.provideMerge(Deferred.layer)),
      Hive.layer({ cloneId: "c" }),
    ),
  ),
);
const platform = Layer.mergeAll(
  Git.layer,
  Processes.layer,
  Layer.unwrap(Effect.map(tempFolder, (folder) => DataFolder.layer(folder))),
);

export const projectLayer = Swarms.layer.pipe(
  Layer.provideMerge(Projects.layer),
  Layer.provideMerge(coordination),
  Layer.provideMerge(temporaryStore),
  Layer.provideMerge(platform),
);

export const project = "p";
const root = "/x/repo";

export const watch = (after?: number) => watchProject({ project, root, after });

/** A client: it has folded what it was told, and comes back with the position that it had. */
export interface Reader {
  model: ProjectModel;
  position: number | undefined;
  readonly updates: Array<ProjectUpdate>;
}

export const newReader = (): Reader => ({ model: emptyModel, position: undefined, updates: [] });

/** Follows over one connection until `isEnough`, or for as many frames. */
export const follow = (reader: Reader, isEnough: (model: ProjectModel) => boolean, frames?: number) =>
  Stream.runForEach(
    watch(reader.position).pipe(
      Stream.tap(({ seq, update }) =>
        Effect.sync(() => {
          if (update !== undefined) {
            reader.updates.push(update);
            reader.model = applyUpdate(reader.model, update).model;
          }
          reader.position = seq ?? reader.position;
        }),
      ),
      frames === undefined ? (all) => all : Stream.take(frames),
      Stream.takeUntil(() => isEnough(reader.model)),
    ),
    () => Effect.void,
  );

/** What somebody is told who begins now, in as many parts as it takes. */
export const fresh = Effect.gen(function* () {
  const reader = newReader();
  const last = yield* Stream.runLast(
    watch().pipe(
      Stream.tap(({ update }) =>
        Effect.sync(() => {
          if (update !== undefined) reader.model = applyUpdate(reader.model, update).model;
        }),
      ),
      // A part that is not the last has no position to come back to.
      Stream.takeUntil(({ seq }) => seq !== 0),
    ),
  );
  return { model: reader.model, seq: Option.getOrThrow(last).seq ?? 0 };
});
