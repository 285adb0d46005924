/** Records the person's approval of exactly these commands: their text, not their name. */
import { Effect } from "effect";
import { InvalidInput } from "../../../shared/contract/errors.ts";
import { EventStore } from "../../primitives/EventStore.ts";
import { Projects } from "./Projects.ts";
import { approvedChecks, checksAt } from "./proposeSwarm.ts";

export const approveChecks = Effect.fn("approveChecks")(function* (request: {
  readonly project: string;
  readonly hashes: ReadonlyArray<string>;
}) {
  const projects = yield* Projects;
  const store = yield* EventStore;
  const project = yield* projects.open(request.project);
  const { checks, setup } = yield* checksAt(project.user);
  const offered = setup === undefined ? checks : [...checks, setup];
  const unknown = request.hashes.filter((hash) => !offered.some((check) => check.hash === hash));
  if (unknown.length > 0) {
    return yield* new InvalidInput({
      message:
        "The project's checks are not what was shown any more. Look at them again, and approve what you see.",
    });
  }
  const known = yield* approvedChecks(project.id);
  const fresh = offered.filter((check) => request.hashes.includes(check.hash) && !known.has(check.hash));
  if (fresh.length > 0) {
    yield* store
      .append({ project: project.id, actor: "person" }, [
        { stream: "project", type: "checks_approved", data: { checks: fresh } },
      ])
      .pipe(Effect.catchTag(["ConcurrencyConflict", "EventRejected"], Effect.die));
  }
  return { approved: request.hashes };
});
