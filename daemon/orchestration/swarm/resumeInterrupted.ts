/**
 * What a daemon does first: it goes on with the swarms that the one before it left in the middle, whether that was
 * killed or ended in order. Swarms that wait for the person go on waiting.
 */
import { Clock, Effect } from "effect";
import { EventStore } from "../../primitives/EventStore.ts";
import { hasWork } from "./hasWork.ts";
import { Projects } from "./Projects.ts";
import { followSwarm, swarmStream } from "./SwarmLog.ts";
import { Swarms } from "./Swarms.ts";

/** A daemon that ends so many times, each soon after it went on with a swarm, is perhaps ended by that swarm. */
const tries = 3;
const within = 2 * 60_000;

/** Returns when all of them are under way as far as anybody can ask; their repositories are opened after that. */
export const resumeInterrupted = Effect.fn("resumeInterrupted")(function* () {
  const store = yield* EventStore;
  const swarms = yield* Swarms;
  const projects = yield* Projects;
  for (const row of yield* store.rows("swarms", { status: ["active", "ready", "landing", "reverting"] })) {
    const [project, epic] = [String(row.project), String(row.epic)];
    yield* Effect.gen(function* () {
      const log = yield* followSwarm(project, epic);
      if (!hasWork(log.state(), log.epic())) return;
      if (yield* endsDaemons(project, epic)) {
        yield* Effect.logError("the daemon ended again and again while it worked on a swarm", { epic });
        return yield* swarms.setAside(
          epic,
          `The daemon ended ${tries} times within minutes while it worked on this, so it did not begin a further time by itself; its log may say why`,
        );
      }
      yield* log.append([{ stream: swarmStream(epic), type: "swarm_resumed", data: { epic } }]);
      yield* Effect.logInfo("goes on with a swarm", { epic });
      yield* swarms.launch(projects.open(log.epic().created.root), epic);
    }).pipe(
      Effect.scoped,
      // Of a swarm whose beginning was redacted there is nothing to go on with.
      Effect.catchTag("NotFound", () => Effect.void),
      // A full disk must not keep the daemon from answering.
      Effect.catchTag("StorageError", ({ message }) => swarms.setAside(epic, message)),
    );
  }
});

const endsDaemons = Effect.fnUntraced(function* (project: string, epic: string) {
  const store = yield* EventStore;
  const resumed = yield* store.readAll({ project, stream: swarmStream(epic), types: ["swarm_resumed"] });
  const since = (yield* Clock.currentTimeMillis) - within;
  const lately = resumed
    .slice(-tries)
    .filter(({ at, actor }) => actor === "daemon" && Date.parse(at) > since);
  return lately.length === tries;
});
