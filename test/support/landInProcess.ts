/** A process that lands and may be killed meanwhile: `node landInProcess.ts <root> <workshop> <file with the intent>`. */
import { readFile } from "node:fs/promises";
import { Effect } from "effect";
import { toLand } from "../../daemon/orchestration/swarm/branchAct.ts";
import { executeLanding } from "../../daemon/orchestration/swarm/executeLanding.ts";
import { Git } from "../../daemon/platform/Git.ts";
import { openProject } from "./gitFixture.ts";

const [root = "", workshop = "", intentFile = ""] = process.argv.slice(2);
const intent = JSON.parse(await readFile(intentFile, "utf8"));
await Effect.runPromise(
  Effect.gen(function* () {
    const project = yield* openProject(root, workshop);
    yield* executeLanding({ project, intent, words: toLand });
  }).pipe(Effect.provide(Git.layer)),
);
