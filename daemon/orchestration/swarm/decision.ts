/** What the person's decisions on a swarm share: the swarm as its log has it, a turn at it, and what is refused. */
import { Effect } from "effect";
import { NotNow } from "../../../shared/contract/errors.ts";
import { isOver } from "../../../shared/contract/swarmState.ts";
import { EventStore, type NewEvent } from "../../primitives/EventStore.ts";
import { Projects } from "./Projects.ts";
import { followSwarm, type SwarmLog } from "./SwarmLog.ts";
import { Swarms } from "./Swarms.ts";

export interface Which {
  /** A directory inside the project. */
  readonly project: string;
  readonly epic: string;
}

/** The epic that a cell belongs to. */
export const epicOf = (cell: string): string => cell.replace(/\.[^.]*$/, "");

/** A swarm, and the project it was started in. */
export const openSwarm = Effect.fnUntraced(function* (which: Which) {
  const projects = yield* Projects;
  const swarms = yield* Swarms;
  const here = yield* projects.open(which.project);
  const log = yield* followSwarm(here.id, which.epic);
  const { root } = log.epic().created;
  // Its surroundings are those of the checkout it was started in, wherever it is spoken of from.
  const project = root === here.root ? here : yield* Effect.orElseSucceed(projects.open(root), () => here);
  return { project, swarms, log };
});

/** Records a decision of the person's. */
export const decide = Effect.fnUntraced(function* (log: SwarmLog, events: ReadonlyArray<NewEvent>) {
  const store = yield* EventStore;
  yield* store
    .append(log.origin("person"), events)
    .pipe(Effect.catchTag(["ConcurrencyConflict", "EventRejected"], Effect.die));
});

export const refuseOver = (log: SwarmLog, verb: string) =>
  isOver(log.epic())
    ? Effect.fail(
        new NotNow({ message: `${log.epicId} can't be ${verb}: it is ${log.epic().status} already.` }),
      )
    : Effect.void;

/** Half of the user's files may be new: only completing it puts them in order. */
export const refuseLanding = (log: SwarmLog) =>
  log.epic().status === "landing" || log.epic().status === "reverting"
    ? Effect.fail(
        new NotNow({ message: `${log.epicId} is ${log.epic().status}; \`resume\` completes that first.` }),
      )
    : Effect.void;

/** One decision on a swarm at a time. */
export const inTurn = <A, E, R>(epic: string, decision: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Swarms, (swarms) => swarms.inTurn(epic, decision));
