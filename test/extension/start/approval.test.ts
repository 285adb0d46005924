/**
 * Approving a plan, with a real daemon: what is started is exactly what was seen, and only with every yes that it
 * takes. The person and the document are played by the test.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { type Approval, type Approver, approveAndStart } from "../../../extension/start/approval.ts";
import type { DaemonClient } from "../../../shared/client/connect.ts";
import { fingerprint, Sandbox } from "../../support/sandbox.ts";

let box: Sandbox;
let swarm: DaemonClient["swarm"];
let agent: string;
const test = "node --test";

beforeAll(async () => {
  box = new Sandbox();
  box.commit({ "src/a.js": "1\n", "src/b.js": "1\n", "package.json": "{}\n" });
  agent = box.agent("idle", "await new Promise((resolve) => setTimeout(resolve, 600_000));");
  await box.startDaemon();
  ({ swarm } = await box.client());
});
afterAll(async () => {
  assert.deepStrictEqual(await box.end(), [], "processes were left behind");
});

const planOf = (file: string) =>
  JSON.stringify({
    epic: { title: `Change ${file}` },
    subtasks: [{ title: "Change", files: [file], dependencies: [], estimated_complexity: 1, agent }],
  });

/** A person who says yes to everything, and notes what was asked; each test changes what it is about. */
const person = (changes: Partial<Approver> = {}) => {
  const asked: Array<string> = [];
  const approver: Approver = {
    isCurrent: () => true,
    allowChecks: async (checks) => {
      asked.push(...checks.map(({ name, text }) => `allow ${name}: ${text}`));
      return true;
    },
    acceptRed: async (red) => {
      asked.push(...red.map(({ name }) => `accept ${name}`));
      return true;
    },
    progress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
  return { approver, asked };
};
const approve = (text: string, approver: Approver, more: Partial<Approval> = {}) =>
  approveAndStart(swarm, { project: box.repo, text, ...more }, approver);
const swarms = async () => (await swarm.list({ project: box.repo }).catch(() => [])).length;
/** Ends what a test started, so that its files are free again. */
const end = (epic: string) => swarm.cancel({ project: box.repo, epic });

describe("approveAndStart", () => {
  it("starts what was seen, with the task it is for, and touches nothing of the user's", async () => {
    const text = planOf("src/a.js");
    const before = fingerprint(box.repo);
    const seen = await swarm.propose({ project: box.repo, text });
    const { approver, asked } = person();
    const outcome = await approve(text, approver, { seen, task: "Tidy up" });
    assert.strictEqual(outcome.kind, "started");
    if (outcome.kind !== "started") return;
    assert.deepStrictEqual(asked, [], "there was nothing to ask");
    assert.strictEqual(outcome.swarm.title, "Change src/a.js");
    assert.strictEqual(fingerprint(box.repo), before);

    const again = await approve(text, approver, { seen });
    assert.strictEqual(again.kind, "faulty", "its files are held now");
    if (again.kind !== "faulty") return;
    assert.match(again.faults[0]?.message ?? "", /which .* holds for /);
    assert.deepStrictEqual(again.faults[0]?.at, [["subtasks", 0, "files", 0]]);
    await end(outcome.swarm.epic);
  });

  it("starts nothing when the text, or the commit it starts from, is another than was seen", async () => {
    const text = planOf("src/a.js");
    const seen = await swarm.propose({ project: box.repo, text });
    const count = await swarms();
    const { approver } = person();
    assert.deepStrictEqual(await approve(planOf("src/b.js"), approver, { seen }), { kind: "changed" });
    box.commit({ "src/c.js": "1\n" });
    assert.deepStrictEqual(await approve(text, approver, { seen }), { kind: "changed" });
    assert.strictEqual(await swarms(), count);
  });

  it("starts nothing when the document changes at any moment before the start", async () => {
    const text = planOf("src/a.js");
    const count = await swarms();
    const countLooks = async () => {
      let looks = 0;
      const outcome = await approve(text, person({ isCurrent: () => ++looks > 0 }).approver);
      if (outcome.kind === "started") await end(outcome.swarm.epic);
      return looks;
    };
    const looks = await countLooks();
    assert.isAtLeast(looks, 2);
    for (let stale = 1; stale <= looks; stale++) {
      let look = 0;
      const { approver } = person({ isCurrent: () => ++look < stale });
      assert.deepStrictEqual(await approve(text, approver), { kind: "changed" }, `at look ${stale}`);
    }
    assert.strictEqual(await swarms(), count + 1, "only the one that stayed as it was");
  });

  it("says every fault, and starts nothing", async () => {
    const subtask = (file: string) => ({
      title: file,
      files: [file],
      dependencies: [],
      estimated_complexity: 1,
      agent,
    });
    const text = JSON.stringify({ epic: { title: "t" }, subtasks: [subtask("src/**"), subtask("src/a.js")] });
    const outcome = await approve(text, person().approver);
    assert.strictEqual(outcome.kind, "faulty");
    if (outcome.kind !== "faulty") return;
    const [overlap] = outcome.faults;
    assert.strictEqual(overlap?.where, 'subtasks[0] "src/**" and subtasks[1] "src/a.js"');
    assert.deepStrictEqual(overlap?.at, [
      ["subtasks", 0, "files", 0],
      ["subtasks", 1, "files", 0],
    ]);
  });

  it("the repository's commands run only after their exact text was allowed, and red ones after a yes", async () => {
    box.commit({
      "package.json": JSON.stringify({ scripts: { test } }),
      "a.test.js": "require('node:test')('red', () => { throw new Error('red from the start'); });\n",
    });
    const text = planOf("src/a.js");
    const count = await swarms();
    const refused = person({ allowChecks: async () => false });
    assert.deepStrictEqual(await approve(text, refused.approver), { kind: "declined" });
    let proposal = await swarm.propose({ project: box.repo, text });
    assert.deepStrictEqual(
      proposal.checks.map(({ approved }) => approved),
      [false],
      "a no allows nothing",
    );

    let asked: ReadonlyArray<string> = [];
    const careful = person({
      acceptRed: async (red) => {
        asked = red.map(({ name, output }) => `${name} ${output.includes("red from the start")}`);
        return false;
      },
    });
    assert.deepStrictEqual(await approve(text, careful.approver), { kind: "declined" });
    assert.lengthOf(careful.asked, 1);
    assert.include(careful.asked[0], test);
    assert.deepStrictEqual(asked, ["test true"]);
    assert.strictEqual(await swarms(), count);

    proposal = await swarm.propose({ project: box.repo, text });
    assert.deepStrictEqual(
      proposal.checks.map(({ approved }) => approved),
      [true],
    );
    const sure = person();
    const outcome = await approve(text, sure.approver);
    assert.deepStrictEqual(sure.asked, ["accept test"], "what was allowed is not asked again");
    assert.strictEqual(outcome.kind, "started");
    if (outcome.kind === "started") await end(outcome.swarm.epic);
  });

  it("a cancelled approval starts nothing", async () => {
    const cancelling = new AbortController();
    const count = await swarms();
    const { approver } = person({
      signal: cancelling.signal,
      progress: (what) => what.startsWith("Running") && cancelling.abort(new Error("stopped")),
    });
    const outcome = await approve(planOf("src/a.js"), approver).then(
      ({ kind }) => kind,
      () => "stopped",
    );
    assert.strictEqual(outcome, "stopped");
    assert.strictEqual(await swarms(), count);
  });
});
