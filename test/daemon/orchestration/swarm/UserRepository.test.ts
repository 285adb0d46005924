import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import {
  inspectSupported,
  pin,
  pinRef,
  projectRecord,
  readProjectRecord,
  unpin,
} from "../../../../daemon/orchestration/swarm/UserRepository.ts";
import { Git } from "../../../../daemon/platform/Git.ts";
import {
  commitAll,
  fingerprint,
  makeRepository,
  userGit,
  withProject,
  writeFiles,
} from "../../../support/gitFixture.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { withVariables } from "../../../support/withVariables.ts";

const files = { "a.txt": "one\n", "sub folder/ü.txt": "two\n", ".gitignore": "*.log\n" };

/** In an empty folder; each refusal makes what it needs. */
const inFolder = <A, E>(run: (folder: string) => Effect.Effect<A, E, Git>) =>
  Effect.flatMap(tempFolder, run).pipe(Effect.scoped, Effect.provide(Git.layer));

describe("inspectSupported", () => {
  it.live(
    "sees the same repository from a subfolder and from a linked worktree, and changes no byte of it",
    () =>
      withProject(files, ({ root, folder, base }) =>
        Effect.gen(function* () {
          const linked = join(folder, "linked ö");
          userGit(root, "worktree", "add", "--quiet", "-b", "other", linked);
          yield* Effect.promise(() => writeFiles(root, { "a.txt": "stashed\n" }));
          userGit(root, "stash", "--quiet");
          yield* Effect.promise(() =>
            writeFiles(root, {
              "a.txt": "dirty\n",
              "s t.txt": "staged\n",
              "u/ñ.txt": "new\n",
              "x.log": "ignored\n",
            }),
          );
          userGit(root, "add", "s t.txt");
          const before = yield* Effect.promise(() => fingerprint(root));
          const seen = yield* inspectSupported(root);
          const below = yield* inspectSupported(join(root, "sub folder"));
          const beside = yield* inspectSupported(linked);
          assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root)), before);
          assert.deepInclude(seen, { root, commit: base, head: { kind: "branch", ref: "refs/heads/main" } });
          assert.deepStrictEqual(seen.identity, { name: "Ada Example", email: "ada@example.test" });
          assert.deepStrictEqual(seen.dirty, [
            { path: "a.txt", state: "modified" },
            { path: "s t.txt", state: "staged" },
            { path: "u/", state: "untracked" },
          ]);
          assert.deepStrictEqual(
            seen.entries.map(({ path }) => path),
            [".gitignore", "a.txt", "sub folder/ü.txt"],
          );
          assert.deepStrictEqual(below, seen);
          assert.deepInclude(beside, {
            root: linked,
            commonDir: seen.commonDir,
            head: { kind: "branch", ref: "refs/heads/other" },
          });
          userGit(root, "checkout", "--quiet", "--detach");
          assert.deepStrictEqual((yield* inspectSupported(root)).head, { kind: "detached" });
        }),
      ),
  );

  it.live("runs nothing that the repository's configuration names", () =>
    withProject(files, ({ root, folder }) =>
      Effect.gen(function* () {
        const program = join(folder, "program");
        yield* Effect.promise(() =>
          writeFile(program, `#!/bin/sh\ntouch "${folder}/ran"\ncat\n`, { mode: 0o755 }),
        );
        for (const key of [
          "core.fsmonitor",
          "core.pager",
          "diff.external",
          "diff.x.textconv",
          "core.editor",
        ]) {
          userGit(root, "config", key, program);
        }
        yield* inspectSupported(root);
        assert.notInclude(yield* Effect.promise(() => readdir(folder)), "ran");
      }),
    ),
  );

  const refusals: ReadonlyArray<{
    readonly reason: string;
    readonly says: RegExp;
    readonly make: (folder: string) => Promise<string>;
  }> = [
    {
      reason: "not-a-directory",
      says: /is not a directory/,
      make: async (folder) => join(folder, "nothing"),
    },
    {
      reason: "not-a-directory",
      says: /is not a directory/,
      make: async (folder) => {
        await writeFile(join(folder, "file"), "");
        return join(folder, "file");
      },
    },
    { reason: "not-a-repository", says: /not in a git repository.*git init/, make: async (folder) => folder },
    {
      reason: "not-a-repository",
      says: /inside a \.git folder/,
      make: async (folder) => {
        await makeRepository(folder, files);
        return join(folder, ".git");
      },
    },
    {
      reason: "bare",
      says: /is a bare repository/,
      make: async (folder) => {
        userGit(folder, "init", "--quiet", "--bare");
        return folder;
      },
    },
    {
      reason: "unborn-head",
      says: /has no commit yet/,
      make: async (folder) => {
        userGit(folder, "init", "--quiet");
        return folder;
      },
    },
    {
      reason: "shallow",
      says: /shallow clone.*--unshallow/,
      make: async (folder) => {
        const origin = join(folder, "origin");
        await makeRepository(origin, files);
        commitAll(origin, "Second");
        userGit(folder, "clone", "--quiet", "--depth=1", `file://${origin}`, "clone");
        return join(folder, "clone");
      },
    },
    {
      reason: "shallow",
      says: /partial clone/,
      make: async (folder) => {
        const origin = join(folder, "origin");
        await makeRepository(origin, files);
        userGit(origin, "config", "uploadpack.allowFilter", "true");
        userGit(folder, "clone", "--quiet", "--filter=blob:none", `file://${origin}`, "clone");
        return join(folder, "clone");
      },
    },
    {
      reason: "submodules",
      says: /has submodules/,
      make: async (folder) => {
        await makeRepository(join(folder, "inner"), files);
        await makeRepository(join(folder, "outer"), files);
        const outer = join(folder, "outer");
        userGit(
          outer,
          "-c",
          "protocol.file.allow=always",
          "submodule",
          "--quiet",
          "add",
          join(folder, "inner"),
          "inner",
        );
        commitAll(outer, "Submodule");
        return outer;
      },
    },
    {
      reason: "submodules",
      says: /has submodules \(inner\)/,
      make: async (folder) => {
        await makeRepository(folder, files);
        await makeRepository(join(folder, "inner"), files);
        commitAll(folder, "A gitlink without .gitmodules");
        return folder;
      },
    },
    {
      reason: "lfs",
      says: /Git LFS/,
      make: async (folder) => {
        await makeRepository(folder, {
          ...files,
          "assets/.gitattributes": "*.png filter=lfs diff=lfs -text\n",
        });
        return folder;
      },
    },
    {
      reason: "sparse",
      says: /sparse checkout/,
      make: async (folder) => {
        await makeRepository(folder, files);
        userGit(folder, "sparse-checkout", "set", "sub folder");
        return folder;
      },
    },
  ];
  for (const { reason, says, make } of refusals) {
    it.live(`refuses, in a sentence: ${reason} (${says.source})`, () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const target = yield* Effect.promise(() => make(folder));
          const before = yield* Effect.promise(() => fingerprint(folder));
          const refusal = yield* Effect.flip(inspectSupported(target));
          assert.strictEqual(refusal._tag, "UnsupportedRepository");
          assert.propertyVal(refusal, "reason", reason);
          assert.match(refusal.message, says);
          assert.include(refusal.message, folder);
          assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(folder)), before);
        }),
      ),
    );
  }

  it.live("refuses a git that is missing or too old", () =>
    withProject(files, ({ root, folder }) =>
      Effect.gen(function* () {
        const missing = yield* Effect.flip(withVariables({ PATH: "/nowhere" }, inspectSupported(root)));
        assert.deepInclude(missing, { _tag: "UnsupportedRepository", reason: "git-missing" });
        const bin = join(folder, "bin");
        yield* Effect.promise(async () => {
          await mkdir(bin);
          await writeFile(join(bin, "git"), "#!/bin/sh\necho git version 2.37.9\n", { mode: 0o755 });
        });
        const old = yield* Effect.flip(
          withVariables({ PATH: `${bin}:${process.env.PATH}` }, inspectSupported(root)),
        );
        assert.deepInclude(old, { _tag: "UnsupportedRepository", reason: "git-too-old" });
        assert.match(old.message, /2\.37\.9.*Install git 2\.38/);
      }),
    ),
  );
});

describe("projectRecord", () => {
  it.live("gives one id to all who race for it, and leaves nothing else behind", () =>
    withProject(files, ({ root, project }) =>
      Effect.gen(function* () {
        assert.isUndefined(yield* readProjectRecord(project.commonDir));
        const all = Array.from({ length: 20 }, () => projectRecord(project.commonDir));
        const records = yield* Effect.all(all, { concurrency: "unbounded" });
        assert.strictEqual(new Set(records.map(({ id }) => id)).size, 1);
        assert.deepStrictEqual(yield* readProjectRecord(project.commonDir), records[0]);
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(root, ".git", "vibe"))), [
          "project.json",
        ]);
        assert.strictEqual(userGit(root, "status", "--porcelain"), "");
      }),
    ),
  );

  it.live("says that a record is damaged, and does not replace it", () =>
    withProject(files, ({ root, project }) =>
      Effect.gen(function* () {
        const file = join(root, ".git", "vibe", "project.json");
        yield* Effect.promise(() => writeFiles(root, { ".git/vibe/project.json": "{" }));
        const error = yield* Effect.flip(projectRecord(project.commonDir));
        assert.include(error.message, `${file} is damaged`);
        assert.strictEqual(yield* Effect.promise(() => readFile(file, "utf8")), "{");
      }),
    ),
  );
});

describe("pin", () => {
  it.live("keeps a commit, never moves to another, and goes without a trace", () =>
    withProject(files, ({ root, base }) =>
      Effect.gen(function* () {
        const before = yield* Effect.promise(() => fingerprint(join(root, ".git")));
        yield* pin(root, "e1", base);
        yield* pin(root, "e1", base);
        assert.strictEqual(userGit(root, "rev-parse", pinRef("e1")).trim(), base);
        const other = userGit(root, "commit-tree", "-m", "x", `${base}^{tree}`).trim();
        const error = yield* Effect.flip(pin(root, "e1", other));
        assert.match(error.message, /refs\/vibe\/e1\/base is at/);
        userGit(root, "update-ref", "refs/vibe/e1/head", base);
        userGit(root, "update-ref", "refs/vibe/e10/base", base);
        yield* unpin(root, "e1");
        assert.strictEqual(
          userGit(root, "for-each-ref", "--format=%(refname)", "refs/vibe").trim(),
          "refs/vibe/e10/base",
        );
        yield* unpin(root, "e10");
        const after = yield* Effect.promise(() => fingerprint(join(root, ".git")));
        const added = Object.keys(after).filter((path) => !(path in before));
        assert.deepStrictEqual(added, [`objects/${other.slice(0, 2)}/${other.slice(2)}`]);
      }),
    ),
  );
});
