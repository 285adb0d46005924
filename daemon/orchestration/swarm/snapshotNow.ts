/**
 * What lies in a worker's checkout at this moment, as a tree, while its agent works on. What is new in it goes into a
 * folder beside the checkout and not into the workshop: looking often leaves nothing there, and the folder goes with
 * the checkout. Trees that were taken earlier in the same attempt stay readable.
 */
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import { NotNow } from "../../../shared/contract/errors.ts";
import type { AttemptState } from "../../../shared/contract/swarmState.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { diskUse } from "../upkeep/diskUse.ts";
import { asideFolder, checkoutAt } from "./checkout.ts";
import type { Workshop } from "./Workshop.ts";

/** An agent that rewrites large files while it is looked at costs no more than this; then it begins anew. */
const maxBytes = 512 * 1024 * 1024;
/** A file may be there when git lists it and gone when it is read. */
const tries = 3;

/** `objects` is to be given to whatever reads the tree. */
export const snapshotNow = Effect.fn("snapshotNow")(function* (
  workshop: Workshop,
  { folder, base }: Pick<AttemptState, "folder" | "base">,
) {
  const aside = asideFolder(folder);
  const objects = objectsOf(folder);
  const checkout = checkoutAt(folder, base);
  const index = join(aside, `${randomBytes(6).toString("hex")}.index`);
  const isReady = yield* fileSystem(aside, async () => {
    if ((await stat(checkout.excludes).catch(() => undefined)) === undefined) return false;
    if (((await diskUse(aside))?.bytes ?? 0) > maxBytes) await rm(aside, { recursive: true, force: true });
    await mkdir(join(aside, "trees"), { recursive: true });
    await mkdir(objects, { recursive: true });
    await copyFile(checkout.index, index);
    return true;
  });
  if (!isReady) return yield* new NotNow({ message: "Its checkout is being made; look again in a moment." });
  const take = Effect.gen(function* () {
    for (let attempt = 1; ; attempt++) {
      const { tree, problems } = yield* workshop.snapshot({ ...checkout, index, objects });
      if (tree !== null) return tree;
      if (attempt === tries) {
        return yield* new NotNow({
          message: `What lies in the checkout can't be taken now. ${problems[0]?.message ?? ""}`,
        });
      }
    }
  });
  const tree = yield* Effect.ensuring(
    take,
    Effect.ignore(
      fileSystem(index, () =>
        Promise.all([rm(index, { force: true }), rm(`${index}.lock`, { force: true })]),
      ),
    ),
  );
  yield* fileSystem(aside, () => writeFile(treeMark(folder, tree), ""));
  return { tree, objects };
});

/** Where the objects of snapshots are. */
export const objectsOf = (folder: string): string => join(asideFolder(folder), "objects");

/** A file that is there when the tree was taken from this checkout. */
export const treeMark = (folder: string, tree: string): string => join(asideFolder(folder), "trees", tree);
