/** A process that lands and may be killed meanwhile: `node landInProcess.ts <root> <workshop> <intent as JSON>`. */
import { Effect } from "effect";
import { executeLanding } from "../../daemon/orchestration/swarm/executeLanding.ts";
import { Git } from "../../daemon/platform/Git.ts";
import { openProject } from "./gitFixture.ts";

const [root = "", workshop = "", intent = ""] = process.argv.slice(2);
await Effect.runPromise(
  Effect.gen(function* () {
    const project = yield* openProject(root, workshop);
    yield* executeLanding({ project, intent: JSON.parse(intent) });
  }).pipe(Effect.provide(Git.layer)),
);
