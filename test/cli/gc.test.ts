/** `ocvibe gc`: frees what is over, and nothing of a swarm that can still go on. */
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { Sandbox } from "../support/sandbox.ts";
import { runSwarm, scriptAgent } from "../support/swarms.ts";

let box: Sandbox;
beforeAll(() => {
  box = new Sandbox();
  box.commit({ "src/a.js": "1\n", "src/b.js": "1\n" });
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const hours = (count: number) => Date.now() / 1000 - count * 3600;
const age = (path: string, by: number) => {
  for (const name of readdirSync(path)) utimesSync(join(path, name), hours(by), hours(by));
  utimesSync(path, hours(by), hours(by));
};
const fill = (folder: string, bytes = 200_000) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "left"), "x".repeat(bytes));
};

describe("ocvibe gc", () => {
  it("says what it would free, frees it when told to, and never touches what can go on", async () => {
    const agent = (name: string) =>
      scriptAgent(box, `write("src/${name}.js", "2 ${"y".repeat(50_000)}\\n"); console.log("hi");`);
    await box.startDaemon();
    const client = await box.client();
    const start = (name: string) =>
      runSwarm(client, box.repo, [{ files: [`src/${name}.js`], agent: agent(name) }]);
    const ready = await start("a");
    assert.strictEqual(ready.status, "ready");
    const over = await start("b");
    await client.swarm.discard({ project: box.repo, epic: over.epic });

    const [project = ""] = readdirSync(join(box.home, "projects"));
    const folder = join(box.home, "projects", project);
    const logs = join(box.home, "logs", "swarms");
    fill(join(folder, "work", over.epic));
    fill(join(folder, "work", ready.epic));
    fill(join(folder, "work", "unknown-swarm"));
    fill(join(folder, "base"));
    fill(join(box.home, "projects", "unknown-project", "work", over.epic));
    writeFileSync(join(box.home, "logs", "daemon.log.1"), "z".repeat(5000));
    writeFileSync(join(box.home, "logs", "daemon.out.2"), "z".repeat(5000));
    assert.isTrue(existsSync(join(logs, over.epic)));

    const gc = async (...args: ReadonlyArray<string>) => {
      const result = await box.cli(["gc", ...args]);
      assert.strictEqual(result.code, 0, result.stderr);
      return result.stdout;
    };
    const paths = async () =>
      JSON.parse(await gc("--json"))
        .items.flatMap(({ path }: { path?: string }) => path ?? [])
        .map((path: string) => path.slice(box.home.length + 1).replace(project, "P"))
        .sort();
    const first = ["logs/daemon.log.1", "logs/daemon.out.2", `projects/P/work/${over.epic}`];
    assert.deepStrictEqual(await paths(), first);
    const said = await gc();
    assert.match(said, /20\d kB {2}checkouts of \S+, which is over/);
    assert.include(said, "Events stay;");
    assert.include(said, "Nothing was freed; --yes frees it.");
    assert.deepStrictEqual(await paths(), first, "saying frees nothing");

    // What is old enough is freed too.
    age(join(logs, over.epic), 24 * 31);
    age(join(logs, ready.epic), 24 * 31);
    age(join(folder, "base"), 25);
    const second = [
      "logs/daemon.log.1",
      "logs/daemon.out.2",
      `logs/swarms/${over.epic}`,
      "projects/P/base",
      `projects/P/work/${over.epic}`,
    ];
    assert.deepStrictEqual(await paths(), second);
    assert.include(await gc("--yes"), "in 5 places freed.");
    assert.deepStrictEqual(await paths(), []);
    assert.include(await gc(), "There is nothing to free.");
    for (const path of second) assert.isFalse(existsSync(join(box.home, path.replace("P", project))), path);
    for (const path of [
      join(folder, "work", ready.epic, "left"),
      join(folder, "work", "unknown-swarm", "left"),
      join(box.home, "projects", "unknown-project", "work", over.epic, "left"),
      join(logs, ready.epic),
    ]) {
      assert.isTrue(existsSync(path), path);
    }

    // Objects go when nothing of the project can go on, and what was landed before stays whole.
    const objects = join(folder, "workshop.git", "objects");
    const ageObjects = () => {
      for (const name of readdirSync(objects).filter((one) => one.length === 2)) age(join(objects, name), 3);
    };
    ageObjects();
    assert.deepStrictEqual(await paths(), [], "a swarm that is ready may still need them");
    const landed = await client.swarm.land({
      project: box.repo,
      epic: ready.epic,
      commit: ready.head!,
      unchecked: true,
    });
    assert.strictEqual(landed.status, "landed");
    ageObjects();
    const third = (await paths()).filter((path: string) => path.endsWith("workshop.git"));
    assert.deepStrictEqual(third, ["projects/P/workshop.git"]);
    await gc("--yes");
    ageObjects();
    assert.deepStrictEqual(
      (await paths()).filter((path: string) => path.endsWith("workshop.git")),
      [],
    );
    for (const epic of [over.epic, ready.epic]) {
      assert.strictEqual((await client.swarm.status({ project: box.repo, epic })).epic, epic);
    }
    assert.include((await client.swarm.graph({ project: box.repo, epic: ready.epic })).text, "*");
    assert.strictEqual((await start("a")).status, "ready");
  });
});
