import { execFileSync } from "node:child_process";
import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import fc from "fast-check";
import { prepareCheckout } from "../../../../daemon/orchestration/swarm/checkout.ts";
import { Git } from "../../../../daemon/platform/Git.ts";
import {
  commitAll,
  fingerprint,
  isThere,
  makeRepository,
  makeWork,
  openProject,
  userGit,
  withProject,
  writeFiles,
} from "../../../support/gitFixture.ts";
import { tempFolder } from "../../../support/tempFolder.ts";
import { withVariables } from "../../../support/withVariables.ts";

const files = {
  ".gitignore": "*.log\n",
  "a.txt": "one\n",
  "b.txt": "two\n",
  "run.sh": "#!/bin/sh\n",
  "dir/c.txt": "three\n",
  "dir/d ü.txt": "four\n",
};
const author = { name: "Ada Example", email: "ada@example.test" };

/** The paths that differ from the base, by what happened to each. */
const outcome = (edit: (at: string) => Promise<void>, expected: Readonly<Record<string, string>>) =>
  withProject(files, ({ root, folder, project, base }) =>
    Effect.gen(function* () {
      const before = yield* Effect.promise(() => fingerprint(root));
      const at = join(folder, "work");
      const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch: "swarm/c" });
      yield* Effect.promise(() => edit(at));
      const { tree, problems } = yield* project.workshop.snapshot(checkout);
      assert.deepStrictEqual(problems, []);
      const changes = yield* project.workshop.changes(base, tree!);
      const kind = ({ old, new: next }: (typeof changes)[number]) =>
        old === null
          ? `added ${next!.mode}`
          : next === null
            ? "deleted"
            : old.oid === next.oid
              ? `mode ${next.mode}`
              : `changed ${next.mode}`;
      assert.deepStrictEqual(
        Object.fromEntries(changes.map((change) => [change.path, kind(change)])),
        expected,
      );
      assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root)), before);
    }),
  );

const problemOf = (edit: (at: string) => Promise<void>) =>
  withProject(files, ({ folder, project, base }) =>
    Effect.gen(function* () {
      const at = join(folder, "work");
      const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch: "swarm/c" });
      yield* Effect.promise(() => edit(at));
      const { tree, problems } = yield* project.workshop.snapshot(checkout);
      assert.isNull(tree);
      return problems;
    }),
  );

describe("Workshop.snapshot", () => {
  it.live("takes new, changed, deleted, renamed and linked files, and modes", () =>
    outcome(
      async (at) => {
        await writeFiles(at, { "a.txt": "1\n", "new/ñ e.txt": "n\n", "x.log": "ignored\n" });
        await rm(join(at, "b.txt"));
        await rename(join(at, "dir/c.txt"), join(at, "dir/renamed.txt"));
        await chmod(join(at, "run.sh"), 0o755);
        await symlink("../a.txt", join(at, "dir/link"));
      },
      {
        "a.txt": "changed 100644",
        "b.txt": "deleted",
        "dir/c.txt": "deleted",
        "dir/link": "added 120000",
        "dir/renamed.txt": "added 100644",
        "new/ñ e.txt": "added 100644",
        "run.sh": "mode 100755",
      },
    ),
  );

  it.live("takes a file that became a folder, a folder that became a file, and one that became a link", () =>
    outcome(
      async (at) => {
        await rm(join(at, "a.txt"));
        await rm(join(at, "dir"), { recursive: true });
        await rm(join(at, "b.txt"));
        await writeFiles(at, { "a.txt/inner": "x\n", dir: "y\n" });
        await symlink("/etc", join(at, "b.txt"));
      },
      {
        "a.txt": "deleted",
        "a.txt/inner": "added 100644",
        "b.txt": "changed 120000",
        dir: "added 100644",
        "dir/c.txt": "deleted",
        "dir/d ü.txt": "deleted",
      },
    ),
  );

  const histories: Readonly<Record<string, (at: string) => Promise<void>>> = {
    "commits of the agent's own": async (at) => void commitAll(at, "By the agent"),
    "a rewritten history": async (at) => {
      userGit(at, "checkout", "--quiet", "--orphan", "other");
      commitAll(at, "Rewritten");
      userGit(at, "reflog", "expire", "--expire=now", "--all");
    },
    "a stash beside": async (at) => {
      userGit(at, "stash", "--quiet");
      userGit(at, "stash", "apply", "--quiet");
    },
    "a deleted .git": (at) => rm(join(at, ".git"), { recursive: true }),
    "a .git that is a file": async (at) => {
      await rm(join(at, ".git"), { recursive: true });
      await writeFile(join(at, ".git"), "gitdir: /etc\n");
    },
    "a damaged .git": (at) => writeFile(join(at, ".git/HEAD"), "nonsense\0"),
    "changes marked as unchanged": async (at) => {
      userGit(at, "update-index", "--assume-unchanged", "a.txt");
      userGit(at, "update-index", "--skip-worktree", "a.txt");
    },
    "a sparse checkout": async (at) => {
      userGit(at, "config", "core.sparseCheckout", "true");
      await writeFiles(at, { ".git/info/sparse-checkout": "/dir/\n" });
    },
    "excludes of the agent's own": (at) => writeFiles(at, { ".git/info/exclude": "*\n" }),
    "a time turned back": (at) => utimes(join(at, "a.txt"), 1, 1),
  };
  for (const [name, make] of Object.entries(histories)) {
    it.live(`sees the files through ${name}`, () =>
      outcome(
        async (at) => {
          await writeFiles(at, { "a.txt": "1ne\n" });
          await make(at);
        },
        { "a.txt": "changed 100644" },
      ),
    );
  }

  it.live("sees tracked files whatever .gitignore says of them", () =>
    outcome((at) => writeFiles(at, { ".gitignore": "*\n", "a.txt": "1\n", "hidden.txt": "left out\n" }), {
      ".gitignore": "changed 100644",
      "a.txt": "changed 100644",
    }),
  );

  it.live("starts no filter, hook or monitor that a worker configures, nor one of the user's", () =>
    Effect.gen(function* () {
      const outside = yield* tempFolder;
      const program = join(outside, "program");
      yield* Effect.promise(() =>
        writeFile(program, `#!/bin/sh\ntouch "${outside}/ran"\ncat\n`, { mode: 0o755 }),
      );
      const configure = (at: string, ...where: ReadonlyArray<string>) => {
        for (const key of [
          "filter.evil.clean",
          "filter.evil.smudge",
          "filter.evil.process",
          "core.fsmonitor",
          "diff.evil.textconv",
        ]) {
          userGit(at, "config", ...where, key, program);
        }
      };
      // The user's own configuration, for all repositories, has it too.
      configure(outside, "--file", join(outside, ".gitconfig"));
      const run = withProject(files, ({ root, folder, project, base }) =>
        Effect.gen(function* () {
          configure(root);
          const at = join(folder, "work");
          const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch: "swarm/c" });
          configure(at);
          yield* Effect.promise(async () => {
            await writeFiles(at, { ".gitattributes": "* filter=evil diff=evil\n", "a.txt": "1\n" });
            await writeFiles(at, { ".git/hooks/post-index-change": "#!/bin/sh\n" });
            await writeFile(join(at, ".git/hooks/post-index-change"), `#!/bin/sh\ntouch "${outside}/ran"\n`, {
              mode: 0o755,
            });
          });
          const { tree } = yield* project.workshop.snapshot(checkout);
          const changes = yield* project.workshop.changes(base, tree!);
          assert.deepStrictEqual(
            changes.map(({ path }) => path),
            [".gitattributes", "a.txt"],
          );
          assert.strictEqual(yield* project.workshop.readText(tree!, "a.txt"), "1\n");
          // A tree with such attributes is materialised for the checks, too.
          const commit = yield* project.workshop.commitOf(tree!);
          yield* prepareCheckout({ project, folder: join(folder, "gate"), commit, branch: "gate" });
        }),
      );
      yield* withVariables({ HOME: outside, XDG_CONFIG_HOME: outside }, run);
      assert.isFalse(yield* Effect.promise(() => isThere(join(outside, "ran"))));
    }).pipe(Effect.scoped),
  );

  it.live("refuses what can't be taken over, with a finding and not a failure", () =>
    Effect.gen(function* () {
      const nested = yield* problemOf(async (at) => {
        await mkdir(join(at, "lib"));
        userGit(join(at, "lib"), "init", "--quiet");
        await writeFiles(at, { "lib/x.txt": "x\n" });
      });
      assert.deepInclude(nested[0], { kind: "unsafe-entry", path: "lib" });
      const gone = yield* problemOf((at) => rm(at, { recursive: true }));
      assert.match(gone[0]!.message, /checkout itself is gone/);
      const file = yield* problemOf(async (at) => {
        await rm(at, { recursive: true });
        await writeFile(at, "a file\n");
      });
      assert.match(file[0]!.message, /is no folder any more/);
      const pipe = yield* problemOf(async (at) => {
        await rm(join(at, "a.txt"));
        execFileSync("mkfifo", [join(at, "a.txt")]);
      });
      assert.deepInclude(pipe[0], { kind: "unsafe-entry" });
      const bytes = yield* problemOf((at) =>
        writeFile(Buffer.concat([Buffer.from(`${at}/`), Buffer.from([0x66, 0xff, 0x66])]), "x\n"),
      );
      assert.match(bytes[0]!.message, /is not UTF-8/);
    }),
  );

  it.live("shows a new repository as the link that it is, and looks through one around tracked files", () =>
    outcome(
      async (at) => {
        await mkdir(join(at, "nested"));
        for (const name of ["dir", "nested"]) {
          const inner = join(at, name);
          userGit(inner, "init", "--quiet");
          const identity = ["-c", "user.name=a", "-c", "user.email=b"];
          userGit(inner, ...identity, "commit", "--quiet", "--allow-empty", "-m", "x");
        }
        await writeFiles(at, { "dir/c.txt": "changed\n", "dir/new.txt": "n\n", "nested/x.txt": "x\n" });
      },
      { "dir/c.txt": "changed 100644", "dir/new.txt": "added 100644", nested: "added 160000" },
    ),
  );

  it.live("leaves out what the user keeps out of git on this machine", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const root = join(folder, "repo");
      const base = yield* Effect.promise(() => makeRepository(root, files));
      yield* Effect.promise(() =>
        writeFiles(folder, { excludes: ".idea/\n", "repo/.git/info/exclude": "/scratch\n" }),
      );
      userGit(root, "config", "core.excludesFile", join(folder, "excludes"));
      const project = yield* openProject(root, join(folder, "workshop.git"));
      const at = join(folder, "work");
      const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch: "swarm/c" });
      yield* Effect.promise(() => writeFiles(at, { ".idea/x": "x\n", scratch: "x\n", "taken.txt": "x\n" }));
      const { tree } = yield* project.workshop.snapshot(checkout);
      const changes = yield* project.workshop.changes(base, tree!);
      assert.deepStrictEqual(
        changes.map(({ path }) => path),
        ["taken.txt"],
      );
    }).pipe(Effect.scoped, Effect.provide(Git.layer)),
  );

  it.live("takes many checkouts at once, each as it is", () =>
    withProject(files, ({ folder, project, base }) =>
      Effect.gen(function* () {
        const trees = yield* Effect.forEach(
          Array.from({ length: 8 }, (_, index) => index),
          Effect.fnUntraced(function* (index) {
            const at = join(folder, `work-${index}`);
            const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch: "swarm/c" });
            yield* Effect.promise(() =>
              writeFiles(at, { "a.txt": `${index}\n`, [`own-${index}.txt`]: "x\n" }),
            );
            const { tree } = yield* project.workshop.snapshot(checkout);
            return yield* project.workshop.changes(base, tree!);
          }),
          { concurrency: "unbounded" },
        );
        for (const [index, changes] of trees.entries()) {
          assert.deepStrictEqual(
            changes.map(({ path }) => path),
            ["a.txt", `own-${index}.txt`],
          );
        }
      }),
    ),
  );

  it.live("has any files of any names come out as they went in", () =>
    withProject({}, ({ folder, project, base }) =>
      Effect.gen(function* () {
        const at = join(folder, "work");
        const checkout = yield* prepareCheckout({ project, folder: at, commit: base, branch: "swarm/c" });
        const name = fc
          .string({
            unit: fc.constantFrom(
              "a",
              "B",
              " ",
              "\n",
              "\t",
              '"',
              "\\",
              "*",
              "[",
              "]",
              "!",
              "#",
              ":",
              "-",
              "é",
              "字",
              "😀",
            ),
            minLength: 1,
            maxLength: 8,
          })
          .filter((text) => text.trim() !== "" || text.length > 0);
        const path = fc.array(name, { minLength: 1, maxLength: 2 }).map((parts) => `d${parts.join("/d")}`);
        const tree = fc.dictionary(path, fc.uint8Array({ maxLength: 20 }), { maxKeys: 6 });
        const context = yield* Effect.context<Git>();
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(tree, async (wanted) => {
              const entries = Object.entries(wanted).filter(
                ([one]) => !Object.keys(wanted).some((other) => other.startsWith(`${one}/`)),
              );
              for (const left of await import("node:fs/promises").then(({ readdir }) => readdir(at))) {
                if (left !== ".git") await rm(join(at, left), { recursive: true });
              }
              await writeFiles(
                at,
                Object.fromEntries(entries.map(([one, bytes]) => [one, Buffer.from(bytes)])),
              );
              const taken = await Effect.runPromiseWith(context)(project.workshop.snapshot(checkout));
              const listed = await Effect.runPromiseWith(context)(project.workshop.listFiles(taken.tree!));
              assert.deepStrictEqual(
                listed.map((entry) => entry.path).sort(),
                entries.map(([one]) => one).sort(),
              );
              for (const [one, bytes] of entries) {
                const { oid } = listed.find((entry) => entry.path === one)!;
                const git = await Effect.runPromiseWith(context)(
                  Effect.flatMap(Git, (service) => service.readBlob(oid, { cwd: project.workshop.folder })),
                );
                assert.isTrue(git.equals(Buffer.from(bytes)));
              }
            }),
            { numRuns: process.env.OCVIBE_TEST_TIER === "full" ? 100 : 12 },
          ),
        );
      }),
    ),
  );
});

describe("Workshop", () => {
  it.live("moves refs by compare-and-set only", () =>
    withProject(files, ({ project, base }) =>
      Effect.gen(function* () {
        const { workshop } = project;
        const ref = "refs/heads/swarm/e1";
        const other = yield* workshop.commitOf(yield* workshop.treeOf(base));
        assert.isUndefined(yield* workshop.readRef(ref));
        yield* Effect.flip(workshop.moveRef(ref, { old: other, new: base }));
        yield* workshop.moveRef(ref, { old: null, new: base });
        yield* Effect.flip(workshop.moveRef(ref, { old: null, new: other }));
        yield* Effect.flip(workshop.moveRef(ref, { old: other, new: base }));
        assert.strictEqual(yield* workshop.readRef(ref), base);
        yield* workshop.moveRef(ref, { old: base, new: other });
        yield* Effect.flip(workshop.moveRef(ref, { old: base, new: null }));
        yield* workshop.moveRefs([{ ref, new: base }]);
        yield* workshop.moveRef(ref, { old: base, new: null });
        assert.isUndefined(yield* workshop.readRef(ref));
        const side = "refs/heads/swarm/c-1";
        yield* Effect.flip(
          workshop.moveRefs([
            { ref: side, new: base },
            { ref, old: other, new: base },
          ]),
        );
        assert.isUndefined(yield* workshop.readRef(side));
        yield* workshop.moveRefs([{ ref: side, new: base }]);
        yield* workshop.moveRefs([
          { ref: side, new: other },
          { ref: "refs/heads/third", new: base },
        ]);
        assert.strictEqual(yield* workshop.readRef(side), other);
        assert.strictEqual(yield* workshop.readRef("refs/heads/third"), base);
        const racers = Array.from({ length: 8 }, (_, index) =>
          Effect.exit(workshop.moveRef(ref, { old: null, new: index % 2 === 0 ? base : other })),
        );
        const exits = yield* Effect.all(racers, { concurrency: "unbounded" });
        assert.strictEqual(exits.filter((exit) => exit._tag === "Success").length, 1);
      }),
    ),
  );

  it.live("commits equal inputs as the equal commit, in the author's name and unsigned", () =>
    withProject(files, ({ project, base }) =>
      Effect.gen(function* () {
        const { workshop } = project;
        const input = {
          tree: yield* workshop.treeOf(base),
          parents: [base],
          message: "Subject ü\n\nVibe-Cell: c-1\nVibe-Attempt: 2\n",
          author,
          at: "2026-11-21T02:54:50.123Z",
        };
        const first = yield* workshop.commit(input);
        assert.strictEqual(yield* workshop.commit(input), first);
        const format = "--format=%an|%ae|%aI|%cn|%cI|%s|%(trailers:key=Vibe-Cell,valueonly)";
        const shown = userGit(workshop.folder, "log", "-1", format, first).trim();
        const at = "2026-11-21T02:54:50+00:00";
        assert.strictEqual(
          shown.replace(/Z\b/g, "+00:00"),
          `Ada Example|ada@example.test|${at}|Ada Example|${at}|Subject ü|c-1`,
        );
        assert.isTrue(yield* workshop.isAncestor(base, first));
        assert.isFalse(yield* workshop.isAncestor(first, base));
        assert.strictEqual(yield* workshop.commitOf(first), first);
        assert.strictEqual(yield* workshop.treeOf(yield* workshop.commitOf(input.tree)), input.tree);
        assert.include(yield* workshop.graph([`${base}..${first}`]), "Subject ü");
      }),
    ),
  );

  it.live("merges without a checkout, and names the paths of a conflict beside a tree with markers", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { workshop } = setting.project;
        const one = yield* makeWork(setting, "one", (at) =>
          writeFiles(at, { "a.txt": "1\n", "Bü/é.txt": "x\n" }),
        );
        const two = yield* makeWork(setting, "two", (at) => writeFiles(at, { "b.txt": "2\n" }));
        const three = yield* makeWork(setting, "three", async (at) => {
          await writeFiles(at, { "a.txt": "drei\n" });
          await rm(join(at, "b.txt"));
        });
        const clean = yield* workshop.merge({ ours: one, theirs: two });
        assert.deepInclude(clean, { kind: "clean", paths: [] });
        assert.strictEqual(yield* workshop.readText(clean.tree, "a.txt"), "1\n");
        assert.strictEqual(yield* workshop.readText(clean.tree, "b.txt"), "2\n");
        const merged = yield* workshop.commit({
          tree: clean.tree,
          parents: [one, two],
          message: "Merge\n",
          author,
          at: "2026-01-01T00:00:00Z",
        });
        const conflict = yield* workshop.merge({ ours: merged, theirs: three });
        assert.deepInclude(conflict, { kind: "conflict", paths: ["a.txt", "b.txt"] });
        assert.include((yield* workshop.readText(conflict.tree, "a.txt")) ?? "", "<<<<<<<");
        assert.isUndefined(yield* workshop.readText(clean.tree, "nothing.txt"));
        assert.strictEqual((yield* workshop.listFiles(clean.tree)).length, Object.keys(files).length + 1);
      }),
    ),
  );

  it.live("shows nothing of itself in the user's repository, and finds it again where it was moved to", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { root, folder, project } = setting;
        const before = yield* Effect.promise(() => fingerprint(root));
        const head = yield* makeWork(setting, "e1", (at) => writeFiles(at, { "a.txt": "1\n" }));
        assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root)), before);
        const moved = join(folder, "moved ü");
        yield* Effect.promise(() => rename(root, moved));
        const again = yield* openProject(moved, project.workshop.folder);
        assert.strictEqual(yield* again.workshop.readRef("refs/heads/swarm/e1"), head);
        assert.strictEqual(yield* again.workshop.readText(head, "dir/c.txt"), "three\n");
        assert.strictEqual(userGit(again.workshop.folder, "fsck", "--strict", "--no-dangling"), "");
      }),
    ),
  );
});
