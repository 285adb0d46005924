/** Places where no swarm can work, and checks that are red before it begins: refused, and nothing is touched. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { assertRefused, jsonErrorOf, leavingUntouched, swarmsOf, unasked, workLeft } from "./refusals.ts";

let box: Sandbox;
let plan: string;
beforeAll(() => {
  box = new Sandbox();
  box.commit({ "src/a.js": "1\n" }, "one");
  box.commit({ "src/a.js": "2\n" }, "two");
  plan = box.plan({
    epic: { title: "Fine" },
    subtasks: [
      {
        title: "One",
        files: ["src/a.js"],
        dependencies: [],
        estimated_complexity: 1,
        agent: "command:node --version",
      },
    ],
  });
});
afterAll(async () => {
  assert.deepStrictEqual(workLeft(box), []);
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const folder = (name: string) => join(box.folder, name);
const git = (cwd: string, ...args: ReadonlyArray<string>) =>
  execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const start = (project: string, ...flags: ReadonlyArray<string>) =>
  box.cli(["start", "--plan", plan, "--project", project, ...unasked, ...flags], { cwd: box.folder });

/** A copy of the sandbox's repository with something done to it. */
const copyWith = (name: string, change: (path: string) => void): string => {
  const path = folder(name);
  cpSync(box.repo, path, { recursive: true });
  rmSync(join(path, ".git", "vibe"), { recursive: true, force: true });
  change(path);
  return path;
};
const commitAll = (path: string) => {
  git(path, "add", "--all");
  git(path, "commit", "--quiet", "--message", "Change");
};

describe("a project that", () => {
  const places: ReadonlyArray<
    readonly [name: string, reason: string, make: () => string, ...says: ReadonlyArray<string>]
  > = [
    [
      "is a folder without a repository",
      "not-a-repository",
      () => {
        box.write({ "a.txt": "1" }, folder("plain"));
        return folder("plain");
      },
      "/plain is not in a git repository. Run `git init` there and commit something first.",
    ],
    [
      "is a file",
      "not-a-directory",
      () => {
        box.write({ "file.txt": "1" }, folder("holder"));
        return folder("holder/file.txt");
      },
      "/holder/file.txt is not a directory. Give the folder of a git repository.",
    ],
    [
      "is bare",
      "bare",
      () => {
        git(box.folder, "clone", "--quiet", "--bare", box.repo, "bare.git");
        return folder("bare.git");
      },
      "/bare.git is a bare repository: it has no files to work on. Give a checkout of it.",
    ],
    [
      "is a .git folder",
      "not-a-repository",
      () =>
        join(
          copyWith("inside", () => undefined),
          ".git",
        ),
      "/inside/.git lies inside a .git folder. Give the checkout itself.",
    ],
    [
      "has no commit yet",
      "unborn-head",
      () => {
        mkdirSync(folder("unborn"));
        git(folder("unborn"), "init", "--quiet");
        return folder("unborn");
      },
      "/unborn has no commit yet. Commit something first, so that workers have a base.",
    ],
    [
      "is a shallow clone",
      "shallow",
      () => {
        git(box.folder, "clone", "--quiet", "--depth=1", `file://${box.repo}`, "shallow");
        return folder("shallow");
      },
      "/shallow is a shallow clone",
      "Run `git fetch --unshallow` first.",
    ],
    [
      "has a submodule",
      "submodules",
      () =>
        copyWith("submodules", (path) => {
          git(path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", box.repo, "lib/inner");
          commitAll(path);
        }),
      "/submodules has submodules (",
      "Submodules are not supported yet.",
    ],
    [
      "keeps files in Git LFS",
      "lfs",
      () =>
        copyWith("lfs", (path) => {
          box.write({ "assets/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n" }, path);
          commitAll(path);
        }),
      "/lfs keeps files in Git LFS",
      "LFS is not supported yet.",
    ],
    [
      "is a sparse checkout",
      "sparse",
      () => copyWith("sparse", (path) => git(path, "sparse-checkout", "set", "--cone", "src")),
      "/sparse is a sparse checkout. Run `git sparse-checkout disable` first.",
    ],
  ];
  for (const [name, reason, make, ...says] of places) {
    it(name, async () => {
      const path = make();
      const look = statSync(path).isDirectory() ? path : dirname(path);
      const result = await leavingUntouched(look, () => start(path));
      assertRefused(result, { code: 2, says });
      assert.isTrue(result.stderr.startsWith(box.folder), "the sentence begins with the place");
      assert.strictEqual(result.stderr.trimEnd().split("\n").length, 1);
      const asJson = jsonErrorOf(await leavingUntouched(look, () => start(path, "--json")));
      assert.strictEqual(asJson.tag, "UnsupportedRepository");
      assert.strictEqual(asJson.reason, reason);
      assert.strictEqual(`${asJson.message}\n`, result.stderr);
      for (const place of [join(path, ".git", "vibe"), join(path, "vibe")]) {
        assert.isFalse(existsSync(place), "nothing of ours is written where nothing can be done");
      }
    });
  }

  it("is not there", async () => {
    const says = [`${folder("nowhere")} is not a directory. Give the folder of a git repository.`];
    assertRefused(await start(folder("nowhere")), { code: 2, says });
    assert.isFalse(existsSync(folder("nowhere")));
  });

  it("is refused by every command that needs it, with the same sentence", async () => {
    for (const command of [["status"], ["resume"], ["cancel"], ["hive", "list"], ["inbox"]]) {
      const result = await box.cli([...command, "--project", folder("nowhere")], { cwd: box.folder });
      assertRefused(result, { code: 2, says: [`${folder("nowhere")} is not a directory.`] });
    }
  });
});

describe("a project whose checks", () => {
  const withConfig = (name: string, files: Readonly<Record<string, string>>) =>
    copyWith(name, (path) => {
      box.write(files, path);
      commitAll(path);
    });
  const refused = async (
    path: string,
    code: 1 | 2,
    says: ReadonlyArray<string>,
    ...flags: ReadonlyArray<string>
  ) => {
    const result = await leavingUntouched(path, () => start(path, ...flags));
    assertRefused(result, { code, says });
    assert.deepStrictEqual(await swarmsOf(box, path), [], "no swarm was made");
    assert.deepStrictEqual(workLeft(box), []);
  };

  it("are red on the base", async () => {
    const path = withConfig("red", {
      ".hive/config.json": JSON.stringify({ checks: ["node good.mjs", "node bad.mjs"] }),
      "good.mjs": "",
      "bad.mjs": 'console.error("src/a.js: the sum is wrong"); process.exit(7);',
    });
    await refused(path, 1, [
      'Before any agent began, this check fails on the base: "node bad.mjs".',
      'Mend that first, or accept it with --waive "node bad.mjs".',
      "\n  node bad.mjs:",
      "src/a.js: the sum is wrong",
    ]);
    const error = jsonErrorOf(await start(path, "--json"));
    assert.strictEqual(error.tag, "BaseRed");
    const [result] = error.results as ReadonlyArray<{ name: string; exitCode: number; passed: boolean }>;
    assert.deepInclude(result, { name: "node bad.mjs", exitCode: 7, passed: false });
  });

  it("are red on the base and waived: they run, and do not count", async () => {
    const path = withConfig("waived", {
      ".hive/config.json": JSON.stringify({ checks: ["node good.mjs", "node bad.mjs"] }),
      "good.mjs": "",
      "bad.mjs": "process.exit(7);",
    });
    const { code, stdout, stderr } = await start(path, "--waive", "node bad.mjs", "--json");
    assert.strictEqual(code, 0, stderr);
    const { status, epic } = JSON.parse(stdout) as { status: string; epic: string };
    assert.strictEqual(status, "ready");
    assert.strictEqual((await box.cli(["discard", epic, "--project", path])).code, 0);
  });

  it("can't be started", async () => {
    const path = withConfig("missing-check", {
      ".hive/config.json": JSON.stringify({ checks: ["no-such-check-here --all"] }),
    });
    await refused(path, 1, [
      'this check fails on the base: "no-such-check-here --all"',
      "\n  ",
      'The command "no-such-check-here" could not be started: it was not found on the PATH.',
    ]);
  });

  it("are a broken configuration", async () => {
    const path = withConfig("broken-config", { ".hive/config.json": '{ "checks": ' });
    await refused(path, 2, [".hive/config.json at the base commit can't be used"]);
  });

  it("are none, and it is to land", async () => {
    const path = copyWith("unchecked", () => undefined);
    const says = ["This project has no checks", "add --land-unchecked too, or leave --land away"];
    await refused(path, 2, says, "--land");
  });

  it("need a setup command that fails", async () => {
    const path = withConfig("setup", {
      ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"], setup: "node setup.mjs" }),
      "check.mjs": "",
      "setup.mjs": 'console.error("no network here"); process.exit(4);',
    });
    await refused(path, 1, [
      'The setup command "node setup.mjs" fails on the base, so no check could run. Mend it, and start again.',
      "\n  node setup.mjs:",
      "no network here",
    ]);
  });
});
