/** It must never say anything else than git does; where it says nothing, git is asked. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { findRepository } from "../../../shared/client/findRepository.ts";

const top = realpathSync(mkdtempSync(join(tmpdir(), "ocvibe-common-")));
const at = (...parts: ReadonlyArray<string>) => join(top, ...parts);
const git = (cwd: string, ...args: ReadonlyArray<string>) =>
  execFileSync(
    "git",
    ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always", ...args],
    { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  ).trim();
const byGit = (cwd: string) => {
  try {
    const ask = (what: string) => git(cwd, "rev-parse", "--path-format=absolute", what);
    return { root: ask("--show-toplevel"), commonDir: ask("--git-common-dir") };
  } catch {
    return undefined;
  }
};

beforeAll(() => {
  for (const name of ["repo", "other"]) {
    mkdirSync(at(name, "a", "b"), { recursive: true });
    git(at(name), "init", "--quiet", "--initial-branch=main");
    writeFileSync(at(name, "a", "b", "c.txt"), "c\n");
    git(at(name), "add", "--all");
    git(at(name), "commit", "--quiet", "--message", "c");
  }
  git(at("repo"), "worktree", "add", "--quiet", "--detach", at("tree"));
  git(at("repo"), "submodule", "--quiet", "add", at("other"), "sub");
  git(top, "clone", "--quiet", "--separate-git-dir", at("away.git"), at("other"), at("separate"));
  mkdirSync(at("repo", "nested", "deep"), { recursive: true });
  git(at("repo", "nested"), "init", "--quiet");
  symlinkSync(at("repo", "a"), at("link"));
  mkdirSync(at("nowhere"));
  mkdirSync(at("odd"));
  writeFileSync(at("odd", ".git"), "what is this\n");
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe("the repository", () => {
  it.each([
    "repo",
    "repo/a/b",
    "tree",
    "tree/a",
    "repo/sub",
    "repo/sub/a",
    "separate/a",
    "repo/nested",
    "repo/nested/deep",
    "link/b",
  ])("of %s is what git says", async (path) => {
    assert.isDefined(byGit(at(path)));
    assert.deepStrictEqual(await findRepository(at(path)), byGit(at(path)));
  });

  it.each(["nowhere", "odd", "missing", "repo/a/b/c.txt", "repo/.git/refs"])(
    "of %s is left to git",
    async (path) => {
      assert.isUndefined(await findRepository(at(path)));
    },
  );
});
