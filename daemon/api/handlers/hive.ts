/** The routes of the tracker. What belongs to a swarm changes by the swarm: nobody says that its work is done. */
import { Effect } from "effect";
import { type AnyError, NotAllowed } from "../../../shared/contract/errors.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { Contract } from "../../../shared/contract/routes.ts";
import type { Handlers } from "../../../shared/router/implement.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import type { Projects } from "../../orchestration/swarm/Projects.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import type { Caller } from "../authenticate.ts";
import { callerName, given, originOf, projectBegun, withProject } from "./request.ts";

type Request<Input> = { readonly input: Input & { readonly project: string }; readonly context: Caller };

/** With a cell that the caller may change. */
const change = <A, E, R>(
  request: Request<{ readonly id: string }>,
  use: (hive: Hive["Service"], cell: CellView, project: string) => Effect.Effect<A, E, R>,
) =>
  withProject(
    request,
    Effect.fnUntraced(function* (project) {
      const hive = yield* Hive;
      const cell = yield* hive.show(project, request.input.id);
      yield* refuseSwarms(project, cell);
      return yield* use(hive, cell, project);
    }),
  );

const refuseSwarms = Effect.fnUntraced(function* (project: string, cell: CellView) {
  const store = yield* EventStore;
  const hive = yield* Hive;
  const seen = new Set<string>();
  // An import may bring cells that are one another's parents.
  for (let at: CellView | undefined = cell; at !== undefined && !seen.has(at.id); ) {
    seen.add(at.id);
    const [swarm] = yield* store.rows("swarms", { project, epic: at.id });
    if (swarm !== undefined && ["active", "ready", "landing"].includes(String(swarm.status))) {
      return yield* new NotAllowed({
        message: `${cell.id} belongs to the swarm ${at.id}, which changes it as its agents' work passes or fails. Wait for its end, or let the person cancel it.`,
      });
    }
    const parent: string | null = at.parent_id;
    // A parent that another clone has and this one not yet ends the way up.
    at =
      parent === null
        ? undefined
        : yield* Effect.catchTag(hive.show(project, parent), "NotFound", () => Effect.undefined);
  }
});

export const hiveHandlers: Handlers<Contract["hive"], Caller, AnyError, Hive | Projects | EventStore> = {
  create: (request) =>
    Effect.gen(function* () {
      const { project: _, ...fields } = request.input;
      const project = yield* projectBegun(request.input.project, request.context);
      return yield* (yield* Hive).create(originOf(project, request.context), fields);
    }),
  createEpic: (request) =>
    Effect.gen(function* () {
      const { project: _, ...plan } = request.input;
      const project = yield* projectBegun(request.input.project, request.context);
      const hive = yield* Hive;
      const made = yield* hive.createEpic(originOf(project, request.context), plan);
      return {
        epic: yield* hive.show(project, made.epicId),
        cells: yield* Effect.forEach(made.cellIds, (id) => hive.show(project, id)),
      };
    }),
  list: (request) =>
    withProject(request, (project) =>
      Effect.flatMap(Hive, (hive) => hive.list(project, given({ status: request.input.status }))),
    ),
  show: (request) =>
    withProject(request, (project) => Effect.flatMap(Hive, (hive) => hive.show(project, request.input.id))),
  ready: (request) =>
    withProject(request, (project) =>
      Effect.map(
        Effect.flatMap(Hive, (hive) => hive.ready(project)),
        (cells) => cells.slice(0, request.input.limit ?? cells.length),
      ),
    ),
  start: (request) =>
    change(request, (hive, cell, project) =>
      hive.start(originOf(project, request.context), cell.id, callerName(request.context)),
    ),
  update: (request) =>
    change(request, (hive, cell, project) => {
      const { project: _, id: __, ...fields } = request.input;
      return hive.update(originOf(project, request.context), cell.id, fields);
    }),
  close: (request) =>
    change(request, (hive, cell, project) =>
      hive.close(originOf(project, request.context), cell.id, request.input.reason),
    ),
  reopen: (request) =>
    change(request, (hive, cell, project) => hive.reopen(originOf(project, request.context), cell.id)),
};
