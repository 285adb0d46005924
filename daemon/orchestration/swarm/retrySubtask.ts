/**
 * The person lets a blocked subtask begin anew: its strikes are forgotten, what was wrong the last time is not. Its
 * lease it has still, unless somebody took it over; then it waits for its files like any other.
 */
import { Effect } from "effect";
import { NotFound, NotNow } from "../../../shared/contract/errors.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { decide, epicOf, inTurn, openSwarm, refuseOver } from "./decision.ts";
import { swarmStream } from "./SwarmLog.ts";

interface Blocked {
  readonly project: string;
  readonly cell: string;
}

export const retrySubtask = (request: Blocked) => inTurn(epicOf(request.cell), retry(request));

const retry = Effect.fn("retrySubtask")(function* ({ project: directory, cell }: Blocked) {
  const epic = epicOf(cell);
  const unknown = new NotFound({ message: `${cell} is no subtask of a swarm; \`status\` lists them.` });
  const { project, log, swarms } = yield* openSwarm({ project: directory, epic }).pipe(
    // The person named a cell: that its would-be epic is unknown says nothing to them.
    Effect.catchTag("NotFound", () => Effect.fail(unknown)),
  );
  yield* refuseOver(log, "continued");
  const subtask = log.state().subtasks.get(cell);
  if (subtask === undefined) return yield* unknown;
  if (subtask.phase !== "blocked") {
    return yield* new NotNow({ message: `${cell} is not blocked, so there is nothing to try again.` });
  }
  const hive = yield* Hive;
  yield* decide(log, [
    { stream: swarmStream(epic), type: "subtask_retried", data: { epic, cell } },
    ...(yield* hive.changes(log.origin("person"), cell, { status: "open" })),
  ]);
  yield* swarms.launch(Effect.succeed(project), epic);
  return yield* swarms.view(project.id, epic);
}, Effect.scoped);
