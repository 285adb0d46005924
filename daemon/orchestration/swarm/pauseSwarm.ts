/** The person pauses swarms and lets them go on. It is a fact of the log, so a daemon that is started anew knows it. */
import { Effect } from "effect";
import type { NotFound, NotNow } from "../../../shared/contract/errors.ts";
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { decide, inTurn, openSwarm, refuseOver, type Which } from "./decision.ts";
import { swarmStream } from "./SwarmLog.ts";

interface Some {
  /** A directory inside the project, and the project's id. */
  readonly directory: string;
  readonly project: string;
  /** All that are not over when none is named. */
  readonly epic: string | undefined;
}

/** From now on no agent is started; those at work go on. */
export const pauseSwarms = (some: Some) => onEach(some, pause);

const pause = Effect.fn("pauseSwarm")(function* (which: Which) {
  const { project, log, swarms } = yield* openSwarm(which);
  yield* refuseOver(log, "paused");
  if (!log.epic().paused) {
    const data = { epic: which.epic };
    yield* decide(log, [{ stream: swarmStream(which.epic), type: "swarm_paused", data }]);
  }
  return yield* swarms.view(project.id, which.epic);
}, Effect.scoped);

/** Lets agents be started again. */
export const unpauseSwarms = (some: Some) => onEach(some, unpause);

const unpause = Effect.fn("unpauseSwarm")(function* (which: Which) {
  const { project, log, swarms } = yield* openSwarm(which);
  yield* refuseOver(log, "unpaused");
  if (log.epic().paused) {
    const data = { epic: which.epic };
    yield* decide(log, [{ stream: swarmStream(which.epic), type: "swarm_unpaused", data }]);
    yield* swarms.launch(Effect.succeed(project), which.epic);
  }
  return yield* swarms.view(project.id, which.epic);
}, Effect.scoped);

const onEach = <E, R>(
  { directory, project, epic }: Some,
  act: (which: Which) => Effect.Effect<SwarmView, E | NotFound | NotNow, R>,
) =>
  Effect.gen(function* () {
    const one = (id: string) => inTurn(id, act({ project: directory, epic: id }));
    if (epic !== undefined) return [yield* one(epic)];
    const store = yield* EventStore;
    const statuses = ["active", "ready", "landing", "reverting"];
    const views: Array<SwarmView> = [];
    for (const row of yield* store.rows("swarms", { project, status: statuses })) {
      // It may have ended since, or its beginning was redacted.
      const view = yield* one(String(row.epic)).pipe(
        Effect.catchTag(["NotNow", "NotFound"], () => Effect.undefined),
      );
      if (view !== undefined) views.push(view);
    }
    return views;
  });
