/** The files in which two commits or trees differ, with renames found. */
import { Effect } from "effect";
import type { SwarmChanges } from "../../../shared/contract/swarmRoutes.ts";
import { Git } from "../../platform/Git.ts";
import { objectsAside, type Workshop } from "./Workshop.ts";

type ChangedFile = SwarmChanges["files"][number];

export const compareTrees = Effect.fn("compareTrees")(function* (
  { folder }: Workshop,
  options: { readonly from: string; readonly to: string; readonly objects: string | undefined },
) {
  const git = yield* Git;
  const { from, to, objects } = options;
  const env = { GIT_DIR: folder, ...objectsAside(folder, objects) };
  const diff = (format: "--raw" | "--numstat") =>
    git.run(["diff-tree", "-r", "-z", "-M", format, "--no-ext-diff", "--no-textconv", from, to], {
      cwd: folder,
      isolated: true,
      env,
    });
  const [raw, numbers] = yield* Effect.all([diff("--raw"), diff("--numstat")], { concurrency: 2 });
  const binary = binaryPaths(numbers.stdout);
  return changedFiles(raw.stdout).map((file): ChangedFile => ({ ...file, binary: binary.has(file.path) }));
});

/** `:<mode> <mode> <oid> <oid> <status>`, then the path, and of a rename the new path after the old one. */
const changedFiles = (text: string): ReadonlyArray<Omit<ChangedFile, "binary">> => {
  const fields = text.split("\0");
  const files: Array<Omit<ChangedFile, "binary">> = [];
  for (let i = 0; i + 1 < fields.length; ) {
    const [oldMode, newMode, oldOid, newOid, status = ""] = fields[i]!.slice(1).split(" ");
    const [first = "", second = ""] = fields.slice(i + 1, i + 3);
    const isRenamed = status.startsWith("R");
    i += isRenamed ? 3 : 2;
    if (isRenamed) files.push({ path: second, oldPath: first, status: "renamed" });
    else if (status === "A") files.push({ path: first, status: "added" });
    else if (status === "D") files.push({ path: first, status: "deleted" });
    else {
      const isMode = oldOid === newOid && oldMode !== newMode;
      files.push({ path: first, status: isMode ? "mode" : "modified" });
    }
  }
  return files;
};

/** Of binary files git counts no lines: `-`, `-`, and the path, or of a rename nothing and then both paths. */
const binaryPaths = (text: string): ReadonlySet<string> => {
  const fields = text.split("\0");
  const binary = new Set<string>();
  for (let i = 0; i + 1 < fields.length; ) {
    const [added, , path = ""] = fields[i]!.split("\t");
    const isRenamed = path === "";
    const name = isRenamed ? (fields[i + 2] ?? "") : fields[i]!.split("\t").slice(2).join("\t");
    i += isRenamed ? 3 : 1;
    if (added === "-") binary.add(name);
  }
  return binary;
};
