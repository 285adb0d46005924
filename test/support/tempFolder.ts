/** A folder that goes with the test's scope. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";

export const tempFolder = Effect.acquireRelease(
  Effect.promise(async () => realpath(await mkdtemp(join(tmpdir(), "ocvibe-test-")))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
);
