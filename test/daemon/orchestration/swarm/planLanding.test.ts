import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { planLanding } from "../../../../daemon/orchestration/swarm/planLanding.ts";
import {
  commitAll,
  fingerprint,
  makeWork,
  userGit,
  withProject,
  writeFiles,
} from "../../../support/gitFixture.ts";

const files = {
  ".gitignore": "out\n*.log\n",
  "a.txt": "one\n",
  "b.txt": "two\n",
  "dir/c.txt": "three\n",
  "dir/d.txt": "four\n",
  "Büro/e f.txt": "five\n",
};
const main = { kind: "branch", ref: "refs/heads/main" } as const;

describe("planLanding", () => {
  it.live("fast-forwards the checkout that has the target, whichever worktree that is", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { root, folder, project, base } = setting;
        const head = yield* makeWork(setting, "e1", (checkout) =>
          writeFiles(checkout, { "a.txt": "1\n", "new/n.txt": "n\n" }),
        );
        const plan = yield* planLanding({ project, epicId: "e1", target: main, head });
        assert.strictEqual(plan.kind, "ready");
        if (plan.kind !== "ready") return;
        assert.deepInclude(plan.intent, {
          method: "fast-forward",
          checkout: root,
          old: base,
          new: head,
          ref: main.ref,
        });
        assert.deepStrictEqual(
          plan.intent.paths.map(({ path }) => path),
          ["a.txt", "new/n.txt"],
        );

        userGit(root, "checkout", "--quiet", "-b", "other");
        const none = yield* planLanding({ project, epicId: "e1", target: main, head });
        assert.strictEqual(none.kind === "ready" && none.intent.method, "update-ref");

        const linked = join(folder, "ein zweiter ö");
        userGit(root, "worktree", "add", "--quiet", linked, "main");
        const second = yield* planLanding({ project, epicId: "e1", target: main, head });
        assert.strictEqual(second.kind === "ready" && second.intent.checkout, linked);

        // Its folder is gone for good: the branch is checked out nowhere. Locked: it may come back.
        yield* Effect.promise(() => rm(linked, { recursive: true }));
        const gone = yield* planLanding({ project, epicId: "e1", target: main, head });
        assert.strictEqual(gone.kind === "ready" && gone.intent.method, "update-ref");
        userGit(root, "worktree", "lock", linked);
        const away = yield* Effect.flip(planLanding({ project, epicId: "e1", target: main, head }));
        assert.match(away.message, /not there now/);
      }),
    ),
  );

  it.live("makes a branch where HEAD was detached, and says when the target has moved or is gone", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { root, project } = setting;
        const head = yield* makeWork(setting, "e1", (checkout) => writeFiles(checkout, { "a.txt": "1\n" }));
        const detached = yield* planLanding({ project, epicId: "e1", target: { kind: "detached" }, head });
        assert.deepInclude(detached.kind === "ready" ? detached.intent : {}, {
          method: "new-branch",
          ref: "refs/heads/swarm/e1",
          old: null,
        });
        yield* Effect.promise(() => writeFiles(root, { "b.txt": "user\n" }));
        const moved = commitAll(root, "The user's");
        const plan = yield* planLanding({ project, epicId: "e1", target: main, head });
        assert.deepStrictEqual(plan, { kind: "target-moved", target: moved });
        const target = { kind: "branch", ref: "refs/heads/nothing" } as const;
        const gone = yield* Effect.flip(planLanding({ project, epicId: "e1", target, head }));
        assert.match(gone.message, /nothing does not exist any more/);
      }),
    ),
  );

  const clashes: ReadonlyArray<{
    readonly name: string;
    readonly work: (checkout: string) => Promise<void>;
    readonly user: (root: string) => Promise<void>;
    /** Undefined: it may land. */
    readonly paths?: ReadonlyArray<string>;
  }> = [
    {
      name: "a modified file",
      work: (at) => writeFiles(at, { "a.txt": "1\n", "b.txt": "2\n" }),
      user: (root) => writeFile(join(root, "b.txt"), "user\n"),
      paths: ["b.txt"],
    },
    {
      name: "a staged file",
      work: (at) => writeFiles(at, { "Büro/e f.txt": "5\n" }),
      user: async (root) => {
        await writeFile(join(root, "Büro/e f.txt"), "user\n");
        userGit(root, "add", ".");
      },
      paths: ["Büro/e f.txt"],
    },
    {
      name: "an untracked file",
      work: (at) => writeFiles(at, { "n.txt": "n\n" }),
      user: (root) => writeFile(join(root, "n.txt"), "user\n"),
      paths: ["n.txt"],
    },
    {
      name: "an ignored file",
      work: async (at) => {
        await writeFiles(at, { "x.log": "n\n" });
        userGit(at, "add", "--force", "x.log");
        await writeFile(join(at, ".gitignore"), "out\n");
      },
      user: (root) => writeFile(join(root, "x.log"), "user\n"),
      paths: ["x.log"],
    },
    {
      name: "an ignored file where a folder comes",
      work: (at) => writeFiles(at, { ".gitignore": "*.log\n", "out/n.txt": "n\n" }),
      user: (root) => writeFile(join(root, "out"), "user\n"),
      paths: ["out/n.txt"],
    },
    {
      name: "an ignored link where a folder comes",
      work: (at) => writeFiles(at, { ".gitignore": "*.log\n", "out/n.txt": "n\n" }),
      user: (root) => symlink("/", join(root, "out")),
      paths: ["out/n.txt"],
    },
    {
      name: "an ignored file in a folder that becomes a file",
      work: async (at) => {
        await rm(join(at, "dir"), { recursive: true });
        await writeFile(join(at, "dir"), "a file\n");
      },
      user: (root) => writeFile(join(root, "dir/x.log"), "user\n"),
      paths: ["dir"],
    },
    {
      name: "a deleted file",
      work: (at) => writeFiles(at, { "a.txt": "1\n" }),
      user: (root) => rm(join(root, "a.txt")),
      paths: ["a.txt"],
    },
    {
      name: "a repository of the user's where a folder comes",
      work: (at) => writeFiles(at, { "nested/n.txt": "n\n" }),
      user: async (root) => {
        await mkdir(join(root, "nested"));
        userGit(join(root, "nested"), "init", "--quiet");
        await writeFile(join(root, "nested/own.txt"), "user\n");
        userGit(join(root, "nested"), "add", ".");
        userGit(
          join(root, "nested"),
          "-c",
          "user.name=a",
          "-c",
          "user.email=b",
          "commit",
          "--quiet",
          "-m",
          "x",
        );
      },
      paths: ["nested/n.txt"],
    },
    {
      name: "a change to a file that the epic deletes",
      work: (at) => rm(join(at, "dir/c.txt")),
      user: (root) => writeFile(join(root, "dir/c.txt"), "user\n"),
      paths: ["dir/c.txt"],
    },
    {
      name: "nothing: a folder that becomes a file, a file that becomes a folder",
      work: async (at) => {
        await rm(join(at, "dir"), { recursive: true });
        await rm(join(at, "a.txt"));
        await writeFiles(at, { dir: "a file\n", "a.txt/inner.txt": "deep\n" });
      },
      user: (root) => writeFile(join(root, "b.txt"), "user\n"),
    },
    {
      name: "nothing: changes in other files",
      work: (at) => writeFiles(at, { "a.txt": "1\n", "dir/n.txt": "n\n" }),
      user: async (root) => {
        await writeFiles(root, {
          "b.txt": "user\n",
          "dir/c.txt": "staged\n",
          "dir/own.txt": "untracked\n",
          "y.log": "ignored\n",
        });
        userGit(root, "add", "dir/c.txt");
      },
    },
  ];
  for (const clash of clashes) {
    it.live(`refuses with the paths, and changes nothing: ${clash.name}`, () =>
      withProject(files, (setting) =>
        Effect.gen(function* () {
          const { root, project } = setting;
          const head = yield* makeWork(setting, "e1", clash.work);
          yield* Effect.promise(() => clash.user(root));
          const before = yield* Effect.promise(() => fingerprint(root));
          const plan = yield* planLanding({ project, epicId: "e1", target: main, head }).pipe(
            Effect.catchTag("LandingRefused", (refusal) => Effect.succeed(refusal)),
          );
          if (clash.paths === undefined) assert.deepInclude(plan, { kind: "ready" });
          else assert.deepInclude(plan, { _tag: "LandingRefused", paths: clash.paths });
          assert.deepStrictEqual(yield* Effect.promise(() => fingerprint(root)), before);
        }),
      ),
    );
  }

  it.live("refuses while the target is being rebased or bisected", () =>
    withProject(files, (setting) =>
      Effect.gen(function* () {
        const { root, project } = setting;
        const head = yield* makeWork(setting, "e1", (checkout) => writeFiles(checkout, { "a.txt": "1\n" }));
        userGit(root, "bisect", "start");
        userGit(root, "checkout", "--quiet", "--detach");
        const error = yield* Effect.flip(planLanding({ project, epicId: "e1", target: main, head }));
        assert.match(error.message, /rebase or bisect of main is under way/);
        userGit(root, "bisect", "reset");
        userGit(root, "checkout", "--quiet", "main");
        userGit(root, "-c", "sequence.editor=sed -i s/pick/edit/", "rebase", "--quiet", "-i", "--root");
        const other = yield* Effect.flip(planLanding({ project, epicId: "e1", target: main, head }));
        assert.match(other.message, /rebase or bisect of main is under way/);
      }),
    ),
  );
});
