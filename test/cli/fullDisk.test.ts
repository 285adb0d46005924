/**
 * A full disk, with the data folder on a small file system of its own: before the daemon starts, before a swarm
 * starts, and in the middle of one. Each time the person is told, nothing is lost, and it goes on once there is room.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { assertRefused, jsonErrorOf, leavingUntouched, swarmsOf, unasked, workLeft } from "./refusals.ts";

let box: Sandbox;
let disk: string;
let plan: string;
beforeAll(() => {
  box = new Sandbox();
  disk = box.home;
  mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], { encoding: "utf8" });
  if (mounted.status !== 0) {
    rmSync(box.folder, { recursive: true });
    const why = mounted.error?.message ?? mounted.stderr.trim();
    throw new Error(`This test needs a small disk, and may not mount one (${why}): run it as root on Linux.`);
  }
  box.commit({
    ".hive/config.json": JSON.stringify({ checks: ["node check.mjs"] }),
    "check.mjs": "",
    "src/a.js": "1\n",
  });
  const agent = box.agent(
    "fills",
    `
    import { appendFileSync, writeFileSync } from "node:fs";
    writeFileSync("src/a.js", "2\\n");
    if (process.env.OCVIBE_ATTEMPT === "1")
      try {
        for (;;) appendFileSync(process.argv[2], "z".repeat(4096));
      } catch (error) {
        if (error.code !== "ENOSPC") throw error;
      }
    `,
    join(disk, "filled"),
  );
  plan = box.plan({
    epic: { title: "Full" },
    subtasks: [{ title: "One", files: ["src/a.js"], dependencies: [], estimated_complexity: 1, agent }],
  });
});
afterAll(async () => {
  if (!existsSync(box.folder)) return;
  const pid = box.daemonPid();
  const stopped = pid === undefined ? undefined : await box.cli(["daemon", "stop"]);
  const left = box.processes();
  execFileSync("umount", ["--lazy", disk]);
  assert.strictEqual(stopped?.code ?? 0, 0, stopped?.stderr);
  assert.deepStrictEqual(left, [], "processes were left behind");
  assert.deepStrictEqual(await box.end(), []);
});

/** Takes all room that is left. */
const fill = (): void => {
  const file = openSync(join(disk, "filled"), "a");
  try {
    for (let size = 1 << 20; size >= 1; size = Math.floor(size / 2)) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
  } finally {
    closeSync(file);
  }
};
const free = () => rmSync(join(disk, "filled"));
const start = (...flags: ReadonlyArray<string>) =>
  leavingUntouched(box.repo, () => box.cli(["start", "--plan", plan, ...unasked, ...flags]));

describe("a disk that is full", () => {
  it("before the daemon starts", async () => {
    fill();
    const says = [
      `The disk of the data folder ${disk} is full. Free some space, or set OCVIBE_HOME to a folder on another disk.`,
    ];
    assertRefused(await start(), { code: 1, says });
    const { tag, code } = jsonErrorOf(await start("--json"));
    assert.deepStrictEqual({ tag, code }, { tag: "FileSystemError", code: "ENOSPC" });
    assert.deepStrictEqual(box.processes(), []);
    free();
  });

  it("before a swarm starts", async () => {
    assert.strictEqual((await box.cli(["daemon", "start"])).code, 0);
    fill();
    const result = await start();
    assertRefused(result, { code: 1, says: [/(No space left on device|disk is full).*free some space/is] });
    assert.deepStrictEqual(await swarmsOf(box), [], "no swarm is half made");
    free();
    assert.deepStrictEqual(await swarmsOf(box), []);
    assert.deepStrictEqual(workLeft(box), []);
  });

  it("in the middle of a swarm, which goes on when there is room", async () => {
    const result = await start();
    const [stopped] = await swarmsOf(box);
    const epic = stopped?.epic ?? "";
    assert.strictEqual(stopped?.status, "interrupted");
    const says = [
      `${epic} was interrupted: `,
      /disk is full|No space left/i,
      "ree some space",
      "Go on with `",
      `resume ${epic}`,
    ];
    assertRefused(result, { code: 1, says });
    free();
    const resumed = await leavingUntouched(box.repo, () => box.cli(["resume", epic]));
    assert.strictEqual(resumed.code, 0, resumed.stderr);
    assert.deepStrictEqual(workLeft(box), []);
    const landed = await box.cli(["land", epic, "--yes"]);
    assert.strictEqual(landed.code, 0, landed.stderr);
    assert.strictEqual(box.git("show", "main:src/a.js"), "2");
    assert.strictEqual(box.git("status", "--porcelain"), "");
    const rebuilt = await box.cli(["rebuild"]);
    assert.strictEqual(rebuilt.code, 0, `the store is whole: ${rebuilt.stdout}`);
  });
});
