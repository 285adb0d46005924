/**
 * Kills the daemon in every window between an effect outside the store and its done event, and at random
 * moments, then starts another: the result must be that of a run that nobody disturbed.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, assert, describe, it } from "vitest";
import { checkBigSwarm, followToEnd, layOutBigSwarm, startBigSwarm } from "../support/bigSwarm.ts";
import { pause, programs, Sandbox } from "../support/sandbox.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";
const seed = Number(process.env.OCVIBE_TEST_SEED ?? Math.floor(Math.random() * 1e9));

let sandbox: Sandbox | undefined;
afterEach(async () => {
  const left = await sandbox?.end();
  sandbox = undefined;
  assert.deepStrictEqual(left ?? [], [], "processes were left behind");
});

/** A small generator with a seed that can be given again (mulberry32). */
const random = (() => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
})();

/** Runs the swarm with a kill somewhere, starts a daemon until it is over, and checks everything. */
const runWithKill = async (kill: { readonly fault?: string; readonly afterMs?: number }) => {
  sandbox = new Sandbox();
  const box = sandbox;
  const text = layOutBigSwarm(box);
  await box.startDaemon(kill.fault === undefined ? {} : { OCVIBE_FAULT: kill.fault });
  const client = await box.client();
  const killer = kill.afterMs === undefined ? undefined : pause(kill.afterMs).then(() => box.killDaemon());
  const ignoreDeath = async (error: { _tag?: string }) => {
    if (error._tag !== "DaemonUnreachable") throw error;
    while (box.daemonPid() !== undefined) await pause(5);
    return undefined;
  };
  const started = await startBigSwarm(client, box.repo, text, true).catch(ignoreDeath);
  if (started !== undefined) await followToEnd(client, box.repo, started.epic).catch(ignoreDeath);
  await killer;
  const wasKilled = box.daemonPid() === undefined;
  await finishAndCheck(box, text);
  return wasKilled;
};

/** Starts daemons until the swarm has landed, and checks that it is as if nothing had been killed. */
const finishAndCheck = async (box: Sandbox, text: string) => {
  let client = box.daemonPid() === undefined ? undefined : await box.client();
  // Until it is over: a start that was killed before the swarm existed is begun again, as a person would.
  let epic: string | undefined;
  for (let round = 0; round < 5; round++) {
    if (box.daemonPid() === undefined) {
      await box.startDaemon();
      client = undefined;
    }
    client ??= await box.client();
    const [swarm] = await client.swarm.list({ project: box.repo }).catch((error) => {
      if (error._tag === "NotFound") return [];
      throw error;
    });
    epic = swarm?.epic ?? (await startBigSwarm(client, box.repo, text, true)).epic;
    if ((await client.swarm.status({ project: box.repo, epic })).status === "landed") break;
    // Nobody resumes it: the daemon does, when it starts.
    await followToEnd(client, box.repo, epic);
  }
  assert.isDefined(client);
  await checkBigSwarm(box, client, epic!);
};

/** Kills the command line, not the daemon: the swarm does not need anybody to watch it. */
const killCommandLine = async (afterMs: number) => {
  sandbox = new Sandbox();
  const text = layOutBigSwarm(sandbox);
  const args = ["start", "--plan", sandbox.plan(text), "--yes", "--allow-checks", "--land"];
  const child = spawn(process.execPath, [join(programs, "ocvibe.js"), ...args], {
    cwd: sandbox.repo,
    env: sandbox.env(),
    stdio: "ignore",
  });
  await pause(afterMs);
  child.kill("SIGKILL");
  await finishAndCheck(sandbox, text);
};

/** Some of them, others in each run: by the seed. */
const some = <A>(all: ReadonlyArray<A>, count: number): ReadonlyArray<A> =>
  all
    .map((one) => [random(), one] as const)
    .toSorted(([left], [right]) => left - right)
    .slice(0, count)
    .map(([, one]) => one);

/**
 * Each window between an effect outside the store and its done event. The full tier goes through each thrice, the
 * quick one through half of them.
 */
const points = full
  ? [
      ...["pin-applied", "landing-intended", "landing-running", "landing-applied"].flatMap((point) => [
        point,
        point,
        point,
      ]),
      ...["spawn-intended", "agent-exited", "merge-intended", "merge-applied"].flatMap((point) =>
        [1, 3, 6].map((passage) => `${point}:${passage}`),
      ),
    ]
  : some(
      [
        "pin-applied",
        "spawn-intended:2",
        "agent-exited:3",
        "merge-intended:2",
        "merge-applied:4",
        "landing-running",
        "landing-applied",
      ],
      4,
    );

describe(`a daemon that is killed (seed ${seed})`, () => {
  for (const [n, fault] of points.entries()) {
    it(`resumes when killed at ${fault} (${n})`, async () => {
      assert.isTrue(await runWithKill({ fault }), "the kill took place");
    }, 120_000);
  }

  const windows = ["landing-running", "revert-applied", "revert-intended"];
  for (const fault of full ? [...windows, ...windows, ...windows] : some(windows, 1)) {
    it(`takes back what landed, killed at ${fault}`, async () => {
      await killInsideRevert(fault);
    }, 120_000);
  }

  const moments = full ? 50 : 1;
  for (let n = 0; n < moments; n++) {
    const afterMs = Math.round(200 + random() * 4000);
    it(`resumes when killed after ${afterMs} ms`, async () => {
      await runWithKill({ afterMs });
    }, 120_000);
  }

  for (let n = 0; n < (full ? 5 : 1); n++) {
    const afterMs = Math.round(100 + random() * 2500);
    it(`lands although its command line was killed after ${afterMs} ms (${n})`, async () => {
      await killCommandLine(afterMs);
    }, 120_000);
  }

  for (let n = 0; n < (full ? 4 : 1); n++) {
    const delay = Math.round(random() * 40);
    it(`completes a landing whose git was killed with it, ${delay} ms into its file updates (${n})`, async () => {
      await killInsideLanding(delay);
    }, 120_000);
  }
});

/** Kills the daemon in a window of taking back what landed, and starts another; nobody asks for it again. */
const killInsideRevert = async (fault: string) => {
  sandbox = new Sandbox();
  const box = sandbox;
  const text = layOutBigSwarm(box);
  const base = box.git("rev-parse", "HEAD^{tree}");
  await box.startDaemon();
  let client = await box.client();
  const project = box.repo;
  const { epic } = await startBigSwarm(client, project, text, true);
  await followToEnd(client, project, epic);
  const { head } = await client.swarm.status({ project, epic });
  box.write({ "filler/1.txt": "the user's own change\n", "untracked.txt": "mine\n" });
  await box.killDaemon();
  await box.startDaemon({ OCVIBE_FAULT: fault });
  client = await box.client();
  const error = await client.swarm.revert({ project, epic, commit: head! }).catch((cause) => cause);
  assert.strictEqual(error._tag, "DaemonUnreachable", "the kill took place");
  while (box.daemonPid() !== undefined) await pause(5);
  await box.startDaemon();
  client = await box.client();
  await followToEnd(client, project, epic);
  const view = await client.swarm.status({ project, epic });
  assert.strictEqual(view.status, "reverted", `${view.problem} ${JSON.stringify(view.refusal)}`);
  assert.strictEqual(box.git("rev-parse", "HEAD^{tree}"), base);
  assert.strictEqual(box.git("rev-parse", "HEAD^"), head);
  assert.strictEqual(box.git("status", "--porcelain"), "M filler/1.txt\n?? untracked.txt");
  assert.strictEqual(box.git("for-each-ref", "refs/vibe"), "");
  assert.deepStrictEqual(readdirSync(join(project, ".git", "vibe")), ["project.json"]);
  assert.deepStrictEqual(await client.reservations.list({ project }), []);
  const events = await client.events.list({ project, stream: `swarm/${epic}`, type: "reverted" });
  assert.lengthOf(events, 1);
};

const manyFiles = 3000;

/** Rewrites many files, so that the update of the user's files takes a while. */
const rewriter = `
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
readFileSync(0);
for (const name of readdirSync("many")) writeFileSync("many/" + name, ("new " + name + "\\n").repeat(200));
`;

/** Kills git and the daemon together while git updates the user's files, then starts another daemon. */
const killInsideLanding = async (delay: number) => {
  sandbox = new Sandbox();
  const box = sandbox;
  const files = Array.from({ length: manyFiles }, (_, n): [string, string] => [
    `many/${n}.txt`,
    `old ${n}\n`.repeat(200),
  ]);
  box.commit({
    ...Object.fromEntries(files),
    "own.txt": "committed\n",
    ".hive/config.json": '{"checks":["node --version"]}',
  });
  box.write({ "own.txt": "the user's own change\n", "untracked.txt": "mine\n" });
  const agent = box.agent("rewriter", rewriter);
  const subtasks = [{ title: "Rewrite", files: ["many/"], dependencies: [], estimated_complexity: 1, agent }];
  await box.startDaemon();
  let client = await box.client();
  const { epic } = await startBigSwarm(
    client,
    box.repo,
    JSON.stringify({ epic: { title: "Many" }, subtasks }),
    true,
  );
  const lock = join(box.repo, ".git", "index.lock");
  const killed = (async () => {
    while (!existsSync(lock)) await pause(1);
    await pause(delay);
    const git = box.processes().filter((line) => line.includes("merge --ff-only"));
    for (const line of git) process.kill(Number(line.split(" ")[0]), "SIGKILL");
    await box.killDaemon();
    return git.length;
  })();
  await followToEnd(client, box.repo, epic).catch((error) => {
    if (error._tag !== "DaemonUnreachable") throw error;
  });
  const gits = await killed;
  const changed = box.git("status", "--porcelain").split("\n").length;
  console.log(`killed ${gits} git, ${changed} paths differ from the index`);
  await box.startDaemon();
  client = await box.client();
  await followToEnd(client, box.repo, epic);
  const view = await client.swarm.status({ project: box.repo, epic });
  assert.strictEqual(view.status, "landed", `${view.problem} ${JSON.stringify(view.refusal)}`);
  assert.strictEqual(box.git("status", "--porcelain"), "M own.txt\n?? untracked.txt");
  assert.strictEqual(box.git("rev-parse", "main"), view.head);
  assert.strictEqual(readFileSync(join(box.repo, "many", "7.txt"), "utf8"), "new 7.txt\n".repeat(200));
  box.git("fsck", "--strict");
  assert.isFalse(existsSync(lock));
};
