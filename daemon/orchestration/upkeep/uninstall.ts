/**
 * Takes away what is ours in repositories, as it was listed, unless work would be lost that the person did not name.
 * The daemon should end afterwards; its data folder is removed by whoever asked, once it has ended.
 */
import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { Effect } from "effect";
import { NotNow } from "../../../shared/contract/errors.ts";
import { fileSystem } from "../../platform/fileSystem.ts";
import { Git } from "../../platform/Git.ts";
import { Swarms } from "../swarm/Swarms.ts";
import { findOwn, type OwnRepository } from "./findOwn.ts";

export const uninstall = Effect.fn("uninstall")(function* (request: {
  /** Of the list that the person saw. */
  readonly hash: string;
  /** The ids of unlanded work that may be lost. */
  readonly discard?: ReadonlyArray<string>;
}) {
  const { things, repositories, swarms } = yield* findOwn();
  const landing = swarms.find(({ status }) => status === "landing" || status === "reverting");
  if (landing !== undefined) {
    return yield* new NotNow({
      message: `${landing.epic} is ${landing.status} in ${landing.root} just now. Wait until that is done.`,
    });
  }
  const lost = things.unlanded.filter(({ id }) => !(request.discard ?? []).includes(id));
  if (lost.length > 0) {
    const names = lost.map(({ id, title }) => `${id} (${title})`).join(", ");
    return yield* new NotNow({
      message: `Nothing was removed: work that has not landed would be lost: ${names}. Land it or discard it first, or name it as to be lost.`,
    });
  }
  if (things.hash !== request.hash) {
    return yield* new NotNow({
      message: "Nothing was removed: what there is to remove is not what was listed any more. Look again.",
    });
  }
  const work = yield* Swarms;
  for (const { epic } of swarms) if (work.isLive(epic)) yield* work.halt(epic);
  yield* Effect.forEach(repositories, leave, { discard: true });
  yield* Effect.logInfo("left every repository", { repositories: repositories.length });
}, Effect.scoped);

const leave = Effect.fnUntraced(function* ({ commonDir, record, pins }: OwnRepository) {
  const git = yield* Git;
  if (pins.length > 0) {
    const input = pins.map((ref) => `delete ${ref}\0\0`).join("");
    yield* git.run(["update-ref", "--stdin", "-z"], { cwd: commonDir, input });
  }
  yield* fileSystem(record, async () => {
    // What somebody else put there is not ours.
    const ours = (await readdir(record)).filter((name) => /^project\.json(\..*)?$/.test(name));
    for (const name of ours) await rm(join(record, name), { force: true });
    await rmdir(record).catch((cause) => {
      if (cause.code !== "ENOTEMPTY" && cause.code !== "EEXIST") throw cause;
    });
  });
});
