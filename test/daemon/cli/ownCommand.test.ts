import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownCommand, quoted, type Surroundings } from "../../../daemon/cli/ownCommand.ts";

let folder: string;
let around: Surroundings;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ocvibe-test-")));
  for (const name of ["bin/ocvibe", "node_modules/.bin/ocvibe", "old/node"]) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), "#!/bin/sh\n");
    chmodSync(join(folder, name), 0o755);
  }
  mkdirSync(join(folder, "project", "src"), { recursive: true });
  around = {
    env: { PATH: join(folder, "none") },
    cwd: join(folder, "project"),
    execPath: process.execPath,
    script: "/opt/with space/ocvibe.js",
    platform: "linux",
  };
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = (over: Partial<Surroundings>) =>
  ownCommand(["status", "shop-a1b2"], join(folder, "project"), { ...around, ...over });

describe("ownCommand", () => {
  it("is what the launcher says", () => {
    const env = { OCVIBE_COMMAND: "/tmp/some where/ocvibe", PATH: join(folder, "bin") };
    expect(command({ env })).toBe("'/tmp/some where/ocvibe' status shop-a1b2");
  });

  it("is the name where a shell finds it, which npm's own folders are not", () => {
    expect(command({ env: { PATH: join(folder, "bin") } })).toBe("ocvibe status shop-a1b2");
    const npm = { PATH: join(folder, "node_modules", ".bin") };
    expect(command({ env: npm })).toBe(`${process.execPath} '/opt/with space/ocvibe.js' status shop-a1b2`);
  });

  it("is node only when that is the Node that runs us", () => {
    expect(command({ env: { PATH: join(folder, "old") } })).toMatch(new RegExp(`^${process.execPath} `));
    const execPath = join(folder, "old", "node");
    expect(command({ env: { PATH: join(folder, "old") }, execPath })).toMatch(/^node '/);
  });

  it("names the project only from elsewhere", () => {
    const env = { OCVIBE_COMMAND: "ocvibe" };
    expect(command({ env, cwd: join(folder, "project", "src") })).toBe("ocvibe status shop-a1b2");
    expect(command({ env, cwd: folder })).toBe(`ocvibe status shop-a1b2 --project ${folder}/project`);
  });
});

describe("quoted", () => {
  it("gives a shell back the very word", () => {
    const word = fc
      .string({ unit: "grapheme" })
      .filter((text) => !text.includes("\0") && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const script = `printf '%s\\0' ${words.map((one) => quoted(one, "linux")).join(" ")}`;
        expect(execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(
          words,
        );
      }),
      { numRuns: 40 },
    );
  });
});
