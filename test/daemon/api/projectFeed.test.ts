/** A project as a whole through a real daemon: its stream, what a folder is to us, and what is not committed. */
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { applyUpdate, emptyModel, type ProjectModel } from "../../../extension/project/ProjectModel.ts";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import { socketTransport } from "../../../shared/client/transport.ts";
import type { ProjectPlace, ProjectUpdate } from "../../../shared/contract/projectRoutes.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { createClient } from "../../../shared/router/createClient.ts";
import { fingerprint, makeRepository, userGit } from "../../support/gitFixture.ts";
import { Sandbox } from "../../support/sandbox.ts";
import { scriptAgent, settled, startSwarm } from "../../support/swarms.ts";
import { until } from "../../support/until.ts";
import { shownIn } from "../orchestration/swarm/shownIn.ts";

let box: Sandbox;
let person: DaemonClient;
let project: string;
beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "a.txt": "a\n", "sub/b.txt": "b\n" });
  project = box.repo;
  await box.startDaemon();
  person = await box.client();
}, 60_000);
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), []);
});

/** Follows until it is left, as a window does. */
const watcher = (client = person, lastEventId?: string) => {
  const enough = new AbortController();
  const its = {
    model: emptyModel as ProjectModel,
    updates: [] as Array<ProjectUpdate>,
    position: lastEventId,
    resets: 0,
    ended: Promise.resolve(),
    leave: () => {
      enough.abort();
      return its.ended;
    },
  };
  const options = {
    signal: enough.signal,
    onReset: () => {
      its.resets++;
    },
    ...(lastEventId !== undefined && { lastEventId }),
  };
  its.ended = (async () => {
    for await (const { id, data } of client.project.watch({ project }, options)) {
      its.model = applyUpdate(its.model, data).model;
      its.updates.push(data);
      its.position = id ?? its.position;
    }
  })();
  return its;
};

/** What a window shows that is opened now. */
const now = async () => {
  const other = watcher();
  await until(() => other.updates.length > 0);
  await other.leave();
  return shownIn(other.model);
};
/** Whatever is under way comes to the same in the end, and stays so. */
const agrees = (its: { readonly model: ProjectModel }) =>
  until(async () => {
    try {
      assert.deepStrictEqual(shownIn(its.model), await now());
      return true;
    } catch {
      return false;
    }
  });

const refusal = async (call: Promise<unknown>) => {
  const failure = await call.then(
    (value) => assert.fail(`it was answered: ${JSON.stringify(value)}`),
    (error: { readonly _tag: string; readonly reason?: string }) => error,
  );
  return failure.reason ?? failure._tag;
};

const at = (...parts: ReadonlyArray<string>) => join(box.folder, ...parts);

describe("where a folder is", () => {
  it("is said of repositories that were never used with us, and nothing is written", async () => {
    const root = at("fresh");
    await makeRepository(root, { "a/b.txt": "b\n" });
    userGit(root, "worktree", "add", "--quiet", "--detach", at("tree"));
    symlinkSync(join(root, "a"), at("link"));
    const before = await fingerprint(root);
    const commonDir = join(root, ".git");
    const place = (top: string): ProjectPlace => ({ kind: "project", root: top, commonDir });
    for (const folder of [root, join(root, "a"), at("link")])
      assert.deepStrictEqual(await person.project.locate({ folder }), place(root));
    assert.deepStrictEqual(await person.project.locate({ folder: at("tree") }), place(at("tree")));
    assert.deepStrictEqual(await fingerprint(root), before);
    assert.strictEqual(await refusal(firstOf(person, root)), "NotFound");
    assert.strictEqual(await refusal(person.project.dirty({ project: root })), "NotFound");
    assert.isFalse(existsSync(join(commonDir, "vibe")));
  });

  it("has an id once the repository was used, also in its worktrees", async () => {
    await person.hive.create({ project, title: "The first" });
    const { id } = JSON.parse(readFileSync(join(project, ".git", "vibe", "project.json"), "utf8"));
    const commonDir = join(project, ".git");
    assert.deepStrictEqual(await person.project.locate({ folder: join(project, "sub") }), {
      kind: "project",
      id,
      root: project,
      commonDir,
    });
    box.git("worktree", "add", "--quiet", "--detach", at("second"));
    assert.deepStrictEqual(await person.project.locate({ folder: at("second") }), {
      kind: "project",
      id,
      root: at("second"),
      commonDir,
    });
  });

  it("is refused with the reason where no swarm can work", async () => {
    mkdirSync(at("nowhere"));
    assert.strictEqual(await refusal(person.project.locate({ folder: at("nowhere") })), "not-a-repository");
    assert.strictEqual(await refusal(person.project.locate({ folder: at("missing") })), "not-a-directory");
    assert.strictEqual(await refusal(person.project.locate({ folder: "relative" })), "InvalidInput");
    userGit(box.folder, "clone", "--quiet", "--bare", project, at("bare.git"));
    assert.strictEqual(await refusal(person.project.locate({ folder: at("bare.git") })), "bare");
    mkdirSync(at("unborn"));
    userGit(at("unborn"), "init", "--quiet");
    assert.strictEqual(await refusal(person.project.locate({ folder: at("unborn") })), "unborn-head");
    const outer = at("outer");
    await makeRepository(outer, { "x.txt": "x\n" });
    userGit(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", project, "inner");
    userGit(outer, "commit", "--quiet", "-m", "with a submodule");
    assert.strictEqual(await refusal(person.project.locate({ folder: outer })), "submodules");
    // The submodule itself is a repository like any other.
    const inner = await person.project.locate({ folder: join(outer, "inner", "sub") });
    assert.deepStrictEqual(inner, {
      kind: "project",
      root: join(outer, "inner"),
      commonDir: join(outer, ".git", "modules", "inner"),
    });
  }, 60_000);
});

const firstOf = async (client: DaemonClient, folder: string): Promise<ProjectUpdate | undefined> => {
  for await (const { data } of client.project.watch({ project: folder })) return data;
  return undefined;
};

describe("what is not committed", () => {
  it("is told of the worktree that is asked about, a new folder as one", async () => {
    box.write({ "a.txt": "changed\n", "new/one.txt": "1\n", "new/two.txt": "2\n" });
    const index = readFileSync(join(project, ".git", "index"));
    assert.deepStrictEqual(await person.project.dirty({ project: join(project, "sub") }), [
      { path: "a.txt", state: "modified" },
      { path: "new/", state: "untracked" },
    ]);
    assert.deepStrictEqual(await person.project.dirty({ project: at("second") }), []);
    assert.deepStrictEqual(readFileSync(join(project, ".git", "index")), index);
    box.git("checkout", "--quiet", "--", "a.txt");
    box.git("clean", "--quiet", "--force", "-d");
  });
});

describe("the project's stream", () => {
  it("is not for agents", async () => {
    const { token } = await person.agents.register({ project });
    const agent = createClient(contract, socketTransport({ socket: socketPath(box.home), token }));
    assert.strictEqual(await refusal(firstOf(agent, project)), "NotAllowed");
    assert.strictEqual(await refusal(agent.project.locate({ folder: project })), "NotAllowed");
  });

  it("tells a swarm from its start to its landing, also through the death of the daemon", async () => {
    // One that is done, which a daemon leaves on the disk when it starts.
    const { id } = await person.hive.create({ project, title: "Done" });
    await person.hive.close({ project, id });
    const steady = watcher();
    await until(() => steady.updates.length > 0);
    const code = `
      console.log("I have begun");
      write(${JSON.stringify(at("place"))}, process.cwd());
      await waitFor(${JSON.stringify(at("go-on"))});
      write("c.txt", "c\\n");
    `;
    const { epic } = await startSwarm(person, project, [{ files: ["c.txt"], agent: scriptAgent(box, code) }]);
    const cell = `${epic}.1`;
    const swarm = (its = steady) => its.model.swarms.get(epic);
    await until(() => steady.model.lines.get(cell) === "I have begun");
    assert.strictEqual(swarm()?.status, "running");
    assert.strictEqual(swarm()?.subtasks[0]?.status, "running");
    assert.deepStrictEqual(
      [...steady.model.leases.values()].map((lease) => [lease.cell, lease.patterns]),
      [[cell, ["c.txt"]]],
    );
    const [worker] = [...steady.model.agents.values()].filter((agent) => agent.cell === cell);
    assert.strictEqual(worker?.kind, "worker");
    await agrees(steady);

    // The worker's checkout is what it is, and no project.
    await until(() => existsSync(at("place")) && readFileSync(at("place"), "utf8") !== "");
    const folder = readFileSync(at("place"), "utf8");
    const known = await person.project.locate({ folder: project });
    assert(known.kind === "project" && known.id !== undefined);
    const checkout: ProjectPlace = {
      kind: "checkout",
      epic,
      cell,
      attempt: 1,
      folder,
      project: { id: known.id, root: project },
    };
    assert.deepStrictEqual(await person.project.locate({ folder }), checkout);
    assert.deepStrictEqual(await person.project.locate({ folder: join(folder, "sub") }), checkout);
    assert.isFalse(existsSync(join(folder, ".git", "vibe")));
    const workshop = join(box.home, "projects", known.id, "workshop.git");
    assert.strictEqual(await refusal(person.project.locate({ folder: workshop })), "not-a-repository");

    const left = watcher();
    await until(() => left.updates.length > 0);
    await left.leave();
    await box.killDaemon();
    writeFileSync(at("go-on"), "");
    await box.startDaemon();
    person = await box.client();
    // Its swarm goes on by itself, with a new attempt.
    const ready = await settled(person, project, epic);
    assert.strictEqual(ready.status, "ready");
    await agrees(steady);
    await person.swarm.land({ project, epic, commit: ready.head ?? "", unchecked: true });
    await until(() => swarm()?.status === "landed");
    await agrees(steady);
    assert.isEmpty([...steady.model.leases.values()]);
    // One that was away for all of it is told what changed, and not everything.
    const back = watcher(person, left.position);
    back.model = left.model;
    await until(() => swarm(back)?.status === "landed");
    assert.isFalse(back.updates.some(({ kind }) => kind === "snapshot"));
    assert.deepStrictEqual(shownIn(back.model), shownIn(steady.model));
    await back.leave();
    await steady.leave();
  }, 120_000);

  it("takes what was redacted from those who had been told", async () => {
    const its = watcher();
    await person.hive.create({ project, title: "The secret" });
    await until(() => JSON.stringify(shownIn(its.model)).includes("The secret"));
    const events = await person.events.list({ project, type: "cell_created", limit: 1000 });
    const { seq } = events.find(({ data }) => JSON.stringify(data).includes("The secret"))!;
    await person.events.redact({ project, seq, reason: "a secret" });
    await until(() => box.daemonPid() === undefined);
    await box.startDaemon();
    person = await box.client();
    await until(() => !JSON.stringify(shownIn(its.model)).includes("The secret"));
    await agrees(its);
    await its.leave();
  }, 60_000);

  it("begins anew for one that knew another store", async () => {
    const its = watcher();
    await until(() => its.updates.length > 0);
    const before = its.model.cells.size;
    assert.isAbove(before, 0);
    await box.killDaemon();
    for (const name of ["store.db", "store.db-wal", "store.db-shm"])
      if (existsSync(join(box.home, name))) renameSync(join(box.home, name), at(name));
    await box.startDaemon();
    person = await box.client();
    const { id } = await person.hive.create({ project, title: "In the new store" });
    await until(() => its.model.cells.has(id));
    assert.strictEqual(its.resets, 1);
    assert.deepStrictEqual([...its.model.cells.keys()], [id]);
    await its.leave();
  }, 60_000);
});
