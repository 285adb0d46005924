/**
 * No token can act as another, by any route: a real daemon with two projects, asked on every route of the contract
 * with every kind of token. The routes are taken from the contract itself, so that a new one fails this test until
 * it is said here whom it is for, and asked.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Schema } from "effect";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import { connect, type DaemonClient } from "../../../shared/client/connect.ts";
import { socketPath } from "../../../shared/client/dataFolder.ts";
import { socketTransport } from "../../../shared/client/transport.ts";
import type { Access } from "../../../shared/contract/route.ts";
import { contract } from "../../../shared/contract/routes.ts";
import { createClient } from "../../../shared/router/createClient.ts";
import { routesOf } from "../../../shared/router/createRouter.ts";
import { makeRepository } from "../../support/gitFixture.ts";
import { Sandbox } from "../../support/sandbox.ts";
import { scriptAgent, startSwarm } from "../../support/swarms.ts";
import { until } from "../../support/until.ts";
import { type Answer, askRoute, askRoutes, type Question } from "./askRoutes.ts";

type Caller = "person" | "agent" | "launcher";
type Input = Record<string, unknown>;

const everyone: ReadonlyArray<Caller> = ["person", "agent", "launcher"];
const admitted: Record<Access, ReadonlyArray<Caller>> = {
  person: ["person"],
  anyone: ["person", "agent"],
  registrar: ["person", "launcher"],
  everybody: everyone,
};

/** Things of the first project that others try to get at. */
interface Things {
  readonly lease: string;
  readonly token: number;
  readonly ticket: string;
  readonly deferred: string;
  readonly message: string;
  readonly delivery: string;
  readonly cell: string;
}

const uuid = "01980000-0000-7000-8000-00000000000";

/** For whom each route is, and an input that it takes. The person's do no harm here: `none` is nobody's. */
const routes = (project: string, things: Things): Record<string, readonly [Access, Input]> => ({
  "daemon/status": ["anyone", {}],
  "daemon/stop": ["person", {}],
  "daemon/listen": ["person", {}],
  "daemon/diagnose": ["person", {}],
  "swarm/plan": ["person", { project, task: "t", planner: "none" }],
  "swarm/propose": ["anyone", { project, text: "{}" }],
  "swarm/approveChecks": ["person", { project, hashes: [], base: "none" }],
  "swarm/checkBase": ["person", { project, base: "none" }],
  "swarm/start": ["person", { project, text: "{}", base: "none", approvedPlan: "none" }],
  "swarm/resume": ["person", { project, epic: "none" }],
  "swarm/status": ["anyone", { project, epic: "none" }],
  "swarm/list": ["anyone", { project }],
  "swarm/cancel": ["person", { project, epic: "none" }],
  "swarm/discard": ["person", { project, epic: "none" }],
  "swarm/land": ["person", { project, epic: "none", commit: "none" }],
  "swarm/answer": ["person", { project, cell: "none", accept: true }],
  "swarm/retry": ["person", { project, cell: "none" }],
  "swarm/pause": ["person", { project }],
  "swarm/unpause": ["person", { project }],
  "swarm/sendBack": ["person", { project, epic: "none", text: "t", comments: [] }],
  "swarm/revert": ["person", { project, epic: "none", commit: "none" }],
  "swarm/changes": ["person", { project, epic: "none" }],
  "swarm/file": ["person", { project, epic: "none", commit: "none", path: "a.ts" }],
  "swarm/log": ["person", { project, epic: "none", cell: "none" }],
  "swarm/watch": ["anyone", { project, epic: "none" }],
  "swarm/graph": ["person", { project, epic: "none" }],
  "events/list": ["anyone", { project }],
  "events/follow": ["anyone", { project }],
  "events/stateAt": ["person", { project, seq: 1 }],
  "events/redact": ["person", { project, seq: 1_000_000, reason: "none" }],
  "events/gc": ["person", { free: false }],
  "daemon/ownThings": ["person", {}],
  // Refused for whoever may, since nobody was shown such a list.
  "daemon/uninstall": ["person", { hash: "none" }],
  "events/rebuild": ["person", {}],
  "hive/create": ["anyone", { project, title: "t" }],
  "hive/createEpic": ["anyone", { project, title: "t", subtasks: [{ title: "s" }] }],
  "hive/ready": ["anyone", { project }],
  "hive/start": ["anyone", { project, id: things.cell }],
  "hive/update": ["anyone", { project, id: things.cell, title: "t" }],
  "hive/close": ["anyone", { project, id: things.cell }],
  "hive/reopen": ["anyone", { project, id: things.cell }],
  "hive/list": ["anyone", { project }],
  "hive/show": ["anyone", { project, id: things.cell }],
  "agents/register": ["registrar", { project }],
  "agents/whoami": ["anyone", {}],
  "agents/list": ["anyone", { project, ended: true }],
  // Of an agent its own name is needed: another is refused by the handler. See below for this one.
  "agents/end": ["anyone", { project, name: "nobody" }],
  "agents/endSession": ["registrar", { project, harness: "none", session: "none" }],
  "reservations/list": ["anyone", { project }],
  "reservations/queue": ["anyone", { project }],
  "reservations/check": ["anyone", { project, path: "free.ts" }],
  "reservations/reserve": ["anyone", { project, patterns: ["tried.ts"], ttlSeconds: 1 }],
  "reservations/withdraw": ["anyone", { project, ticket: things.ticket }],
  "reservations/renew": ["anyone", { project, lease: things.lease, token: things.token }],
  "reservations/release": ["anyone", { project, patterns: ["aaa-secret.ts"] }],
  "reservations/takeover": ["person", { project, patterns: ["never-held.ts"], ttlSeconds: 1 }],
  "reservations/handover": ["anyone", { project, patterns: ["aaa-secret.ts"], to: "person" }],
  "reservations/writeCheck": ["everybody", { project, path: "tried-too.ts" }],
  "mail/send": ["anyone", { project, to: ["person"], subject: "s" }],
  "mail/receive": ["anyone", { project }],
  "mail/ack": ["anyone", { project, id: things.message, delivery: things.delivery }],
  "mail/seen": ["person", { project, id: "none" }],
  "mail/inbox": ["anyone", { project }],
  "mail/ask": ["anyone", { project, to: "person", subject: "s", waitSeconds: 0 }],
  "mail/dead": ["anyone", { project }],
  "mail/revive": ["person", { project, id: `${uuid}9`, recipient: "nobody" }],
  "project/watch": ["person", { project }],
  "project/locate": ["person", { folder: project }],
  "project/dirty": ["person", { project }],
  "deferred/create": ["anyone", { project }],
  "deferred/get": ["anyone", { project, id: things.deferred }],
  "deferred/await": ["anyone", { project, id: things.deferred, waitSeconds: 0 }],
  "deferred/resolve": ["anyone", { project, id: things.deferred, value: 1 }],
  "deferred/reject": ["anyone", { project, id: things.deferred, reason: "none" }],
});

/** Fields by which one could say to be somebody, or speak of somebody: each is accounted for below. */
const aboutSomebody = [
  "as",
  "from",
  "holder",
  "owner",
  "sender",
  "actor",
  "by",
  "agent",
  "name",
  "of",
  "recipient",
  "to",
  "harness",
  "session",
  "tenant",
];
const accounted = [
  // A runtime's SPEC, not an agent.
  "swarm/propose agent",
  "swarm/start agent",
  // Not for agents.
  "agents/register harness",
  "agents/register name",
  "agents/register session",
  "agents/endSession harness",
  "agents/endSession session",
  "mail/revive recipient",
  // To whom, not from whom.
  "mail/ask to",
  "mail/send to",
  "reservations/handover to",
  // Refused unless they are the agent's own.
  "agents/end name",
  "mail/dead of",
  "mail/inbox of",
  "reservations/writeCheck harness",
  "reservations/writeCheck session",
];

const box = new Sandbox();
const rootA = join(box.folder, "a");
const rootB = join(box.folder, "b");
const socket = () => socketPath(box.home);
const clientOf = (token: string): DaemonClient =>
  createClient(contract, socketTransport({ socket: socket(), token }));
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => "ok",
    (error: { readonly _tag?: string }) => error._tag ?? String(error),
  );

const tokens: Record<string, string> = {};
let person: DaemonClient;
let things: Things;
/** Every answer that anybody got. */
const heard: Array<unknown> = [];

const questions = (overrides: Record<string, Input> = {}): ReadonlyArray<Question> => {
  const inputs = routes(rootA, things);
  return routesOf(contract)
    .filter(([path]) => path !== "daemon/stop")
    .map(([path, route]) => ({
      path,
      stream: route.stream,
      input: { ...inputs[path]?.[1], ...overrides[path] },
    }));
};
const ask = async (token: string, asked = questions()): Promise<ReadonlyMap<string, Answer>> => {
  const answers = await askRoutes(socket(), token, asked);
  heard.push(answers);
  return new Map(answers);
};
const eventsOf = (project: string, after: number) => person.events.list({ project, after, limit: 100_000 });
const head = async () => (await person.daemon.status({})).head;

beforeAll(async () => {
  for (const root of [rootA, rootB]) await makeRepository(root, { "README.md": "x\n" });
  person = await connect({ start: true, folder: box.home });
  tokens.person = readFileSync(join(box.home, "person.token"), "utf8").trim();
  tokens.launcher = readFileSync(join(box.home, "launcher.token"), "utf8").trim();
  const register = async (project: string, name: string, session?: string) =>
    (await person.agents.register({ project, name, ...(session && { harness: "claude", session }) })).token;
  tokens.alice = await register(rootA, "AaaAlice", "aaa-secret-session");
  tokens.bob = await register(rootA, "Bob");
  tokens.gone = await register(rootA, "Gone");
  await person.agents.end({ project: rootA, name: "Gone" });
  tokens.before = await register(rootA, "Back", "back");
  tokens.back = await register(rootA, "Back", "back");
  tokens.eve = await register(rootB, "Eve");
  // A worker is registered by a swarm only: it tells its token, and does in its own process what a test wants.
  const code = `
    write(${JSON.stringify(join(box.folder, "worker.token"))}, process.env.OCVIBE_AGENT_TOKEN);
    await waitFor(${JSON.stringify(join(box.folder, "questions.json"))});
    execFileSync(process.execPath, [${JSON.stringify(join(import.meta.dirname, "askRoutes.ts"))}, ${JSON.stringify(join(box.folder, "questions.json"))}]);
    await waitFor(${JSON.stringify(join(box.folder, "end"))});
  `;
  await startSwarm(person, rootA, [
    { files: ["work/"], agent: scriptAgent(box, code), title: "aaa-secret work" },
  ]);
  // The file is there a moment before what is in it.
  const written = () => {
    const file = join(box.folder, "worker.token");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  await until(() => written() !== "");
  tokens.worker = written();

  const alice = clientOf(tokens.alice);
  const bob = clientOf(tokens.bob);
  const reserved = await alice.reservations.reserve({ project: rootA, patterns: ["aaa-secret.ts"] });
  await bob.reservations.reserve({ project: rootA, patterns: ["bob.ts"] });
  const waiting = await alice.reservations.reserve({ project: rootA, patterns: ["bob.ts"], waitSeconds: 0 });
  assert(reserved.kind === "granted" && waiting.kind === "waiting");
  const cell = await alice.hive.create({ project: rootA, title: "aaa-secret cell" });
  const deferred = await alice.deferred.create({ project: rootA });
  await bob.mail.send({
    project: rootA,
    to: ["AaaAlice"],
    subject: "aaa-secret subject",
    body: "aaa-secret body",
  });
  const [delivery] = await alice.mail.receive({ project: rootA, visibilitySeconds: 3600 });
  await bob.mail.send({ project: rootA, to: ["AaaAlice"], subject: "aaa-secret second" });
  assert(delivery !== undefined);
  things = {
    lease: reserved.lease.lease,
    token: reserved.lease.token,
    ticket: waiting.ticket.ticket,
    deferred: deferred.id,
    message: delivery.id,
    delivery: delivery.delivery,
    cell: cell.id,
  };
}, 120_000);

afterAll(async () => {
  writeFileSync(join(box.folder, "end"), "");
  assert.deepStrictEqual(await box.end(), []);
});

describe("the routes", () => {
  it("are all known here, with whom they are for and an input that they take", () => {
    const known = routes(rootA, things);
    assert.deepStrictEqual(
      routesOf(contract)
        .map(([path, { access }]) => `${path} ${access}`)
        .toSorted(),
      Object.entries(known)
        .map(([path, [access]]) => `${path} ${access}`)
        .toSorted(),
    );
    for (const [path, { input }] of routesOf(contract))
      Schema.decodeUnknownSync(input, { onExcessProperty: "error" })(known[path]?.[1]);
  });

  it("take no word of the caller's for who it is", async () => {
    const found = routesOf(contract).flatMap(([path, { input }]) =>
      Object.keys((input as unknown as { readonly fields?: Input }).fields ?? {})
        .filter((field) => aboutSomebody.includes(field))
        .map((field) => `${path} ${field}`),
    );
    assert.deepStrictEqual(found.toSorted(), accounted.toSorted());
    // What is not in an input's schema is refused, not ignored.
    const { bob = "" } = tokens;
    for (const question of questions()) {
      for (const field of ["from", "holder", "actor", "agent_name"]) {
        if (accounted.includes(`${question.path} ${field}`)) continue;
        const input = { ...(question.input as Input), [field]: "AaaAlice" };
        const { tag } = await askRoute(socket(), bob, { ...question, input });
        const access = routes(rootA, things)[question.path]?.[0] ?? "person";
        const expected = admitted[access].includes("agent") ? "InvalidInput" : "NotAllowed";
        assert.strictEqual(tag, expected, `${question.path} with ${field}`);
      }
    }
  });
});

describe("who is let in", () => {
  /** What authentication itself says no with; what a handler refuses is another matter. */
  const refused = ({ tag, body }: Answer) =>
    tag === "Unauthenticated" ||
    (tag === "NotAllowed" &&
      /this token is|this process was started by an agent/i.test(
        (body as { readonly message: string }).message,
      ));

  for (const [who, token] of [
    ["no token", () => ""],
    ["garbage", () => "x".repeat(43)],
    [
      "the hash of a token",
      () =>
        createHash("sha256")
          .update(tokens.alice ?? "")
          .digest("hex"),
    ],
    ["an agent that has ended", () => tokens.gone],
    ["the token before the last of a session", () => tokens.before],
    ["the name of an agent", () => "AaaAlice"],
  ] as const) {
    it(`${who}: nowhere`, async () => {
      for (const [path, { tag }] of await ask(token() ?? ""))
        assert.strictEqual(tag, "Unauthenticated", path);
      assert.strictEqual(await errorOf(clientOf(token() ?? "").daemon.stop({})), "Unauthenticated");
    });
  }

  for (const [who, kind] of [
    ["person", "person"],
    ["launcher", "launcher"],
    ["alice", "agent"],
    ["back", "agent"],
    ["eve", "agent"],
    ["worker", "agent"],
  ] as const) {
    it(`${who}: by the table`, async () => {
      // The ones of its own things are asked further below: here it must not use them up.
      const harmless = who === "alice" || who === "person" ? spare : {};
      for (const [path, answer] of await ask(tokens[who] ?? "", questions(harmless))) {
        const [access] = routes(rootA, things)[path] ?? ["person"];
        const shown = `${path}: ${JSON.stringify(answer).slice(0, 300)}`;
        assert.strictEqual(refused(answer), !admitted[access].includes(kind), shown);
        assert.notInclude(["InternalError", "unknown", "DaemonUnreachable"], answer.tag, shown);
      }
      if (who !== "person")
        assert.strictEqual(await errorOf(clientOf(tokens[who] ?? "").daemon.stop({})), "NotAllowed");
    });
  }

  it.skipIf(process.platform !== "linux")(
    "the person and the launcher from inside a worker's process tree: nowhere",
    async () => {
      const file = join(box.folder, "questions.json");
      const out = join(box.folder, "answers.json");
      const stop = { path: "daemon/stop", stream: false, input: {} };
      const { person, launcher } = tokens;
      const asked = {
        socket: socket(),
        tokens: { person, launcher },
        questions: [...questions(), stop],
        out,
      };
      writeFileSync(`${file}.new`, JSON.stringify(asked));
      writeFileSync(file, readFileSync(`${file}.new`));
      await until(() => existsSync(out) && statSync(out).size > 0, 60);
      const answers: Record<string, ReadonlyArray<readonly [string, Answer]>> = JSON.parse(
        readFileSync(out, "utf8"),
      );
      for (const [who, all] of Object.entries(answers)) {
        assert.strictEqual(all.length, routesOf(contract).length);
        for (const [path, answer] of all) assert.isTrue(refused(answer), `${who} on ${path}`);
      }
    },
  );
});

/** In place of things of somebody's own, which whoever owns them could use up. */
const spare: Record<string, Input> = {
  "reservations/withdraw": { ticket: "none" },
  "reservations/renew": { lease: "none" },
  "reservations/release": { patterns: ["none.ts"] },
  "reservations/handover": { patterns: ["none.ts"] },
  "mail/ack": { delivery: "none" },
  "deferred/resolve": { id: "none" },
  "deferred/reject": { id: "none" },
};

describe("an agent of another project", () => {
  it("sees nothing of this one and changes nothing in it, whatever it names", async () => {
    const before = await head();
    const answers = await ask(tokens.eve ?? "", questions({ "agents/end": { name: "Eve2" } }));
    for (const [path, answer] of answers) {
      // An error may repeat what was asked.
      if (answer.tag === "ok")
        assert.notMatch(JSON.stringify(answer.body), /aaa-?secret|AaaAlice|Bob/i, path);
    }
    for (const path of ["deferred/get", "deferred/resolve", "hive/show", "reservations/withdraw"])
      assert.strictEqual(answers.get(path)?.tag, "NotFound", path);
    assert.deepStrictEqual(await byOthersThan(before, ["daemon"]), []);
    // What it did, it did in its own project, as itself.
    const made = await eventsOf(rootB, before);
    assert.isNotEmpty(made);
    for (const event of made) assert.include(["agent:Eve", "daemon"], event.actor);
  });

  it("follows its own project's events only, by stream too", async () => {
    const enough = new AbortController();
    const stream = clientOf(tokens.eve ?? "").events.follow(
      { project: rootA, after: 0 },
      { signal: enough.signal },
    );
    const own = (await eventsOf(rootB, 0)).length;
    const seen: Array<string> = [];
    for await (const { data } of stream) {
      seen.push(data.project);
      if (seen.length === own) enough.abort();
    }
    assert.strictEqual(seen.length, own);
    assert.strictEqual(new Set(seen).size, 1);
    assert.notInclude(JSON.stringify(await clientOf(tokens.eve ?? "").events.list({})), "aaa-secret");
  });
});

/** Events of the first project after `seq` that somebody else than these made. */
const byOthersThan = async (seq: number, actors: ReadonlyArray<string>) =>
  (await eventsOf(rootA, seq)).filter(({ actor }) => !actors.includes(actor));

describe("an agent of the same project", () => {
  it("can't use what is another's", async () => {
    const bob = clientOf(tokens.bob ?? "");
    const project = rootA;
    const { lease, token, ticket, message, delivery } = things;
    const leases = await person.reservations.list({ project });
    const calls = {
      renew: () => bob.reservations.renew({ project, lease, token }),
      withdraw: () => bob.reservations.withdraw({ project, ticket }),
      release: () => bob.reservations.release({ project, patterns: ["aaa-secret.ts"] }),
      handover: () => bob.reservations.handover({ project, patterns: ["aaa-secret.ts"], to: "Bob" }),
      reserve: () => bob.reservations.reserve({ project, patterns: ["aaa-*.ts"] }),
      ack: () => bob.mail.ack({ project, id: message, delivery }),
      inbox: () => bob.mail.inbox({ project, of: "AaaAlice" }),
      "inbox of the person": () => bob.mail.inbox({ project, of: "person" }),
      dead: () => bob.mail.dead({ project, of: "AaaAlice" }),
      end: () => bob.agents.end({ project, name: "AaaAlice" }),
      "write check": () =>
        bob.reservations.writeCheck({
          project,
          path: "aaa-secret.ts",
          harness: "claude",
          session: "aaa-secret-session",
        }),
    };
    const outcomes: Record<string, string> = {};
    for (const [name, call] of Object.entries(calls)) outcomes[name] = await errorOf(call());
    assert.deepStrictEqual(outcomes, {
      renew: "LockNotHeld",
      withdraw: "NotFound",
      release: "NotFound",
      handover: "NotFound",
      reserve: "LeaseConflict",
      ack: "DeliveryLost",
      inbox: "NotAllowed",
      "inbox of the person": "NotAllowed",
      dead: "NotAllowed",
      end: "NotAllowed",
      "write check": "NotAllowed",
    });
    assert.isFalse((await bob.reservations.writeCheck({ project, path: "aaa-secret.ts" })).allowed);
    assert.notInclude(JSON.stringify(await bob.mail.receive({ project })), "aaa-secret");
    // Everything of its own, and nothing else.
    await bob.reservations.release({ project, all: true });
    const left = (all: typeof leases) => all.filter(({ holder }) => holder !== "Bob").map((one) => one.lease);
    const kept = left(await person.reservations.list({ project }));
    for (const one of left(leases)) assert.include(kept, one);
  });

  it("acts under its own name: the log says who it was", async () => {
    const { alice: token = "" } = tokens;
    const alice = clientOf(token);
    const project = rootA;
    const after = await head();
    await alice.hive.create({ project, title: "t" });
    await alice.reservations.reserve({ project, patterns: ["mine.ts"] });
    await alice.reservations.writeCheck({ project, path: "checked.ts" });
    await alice.reservations.handover({ project, patterns: ["mine.ts"], to: "Back" });
    await alice.mail.send({ project, to: ["Bob"], subject: "s" });
    await alice.mail.ask({ project, to: "Bob", subject: "s", waitSeconds: 0 });
    const { id } = await alice.deferred.create({ project });
    await alice.deferred.resolve({ project, id, value: 1 });
    const events = (await eventsOf(project, after)).filter(({ actor }) => actor !== "daemon");
    const types = events.map(({ type }) => type);
    for (const type of [
      "cell_created",
      "lease_granted",
      "lease_handed_over",
      "mail_sent",
      "deferred_resolved",
    ])
      assert.include(types, type);
    for (const { type, actor, data } of events) {
      assert.strictEqual(actor, "agent:AaaAlice", type);
      const { from, holder } = data as { readonly from?: string; readonly holder?: string };
      if (from !== undefined) assert.strictEqual(from, "AaaAlice");
      if (holder !== undefined) assert.include(["AaaAlice", "Back"], holder);
    }
    const fromPerson = await head();
    await person.mail.send({ project, to: ["Bob"], subject: "s" });
    await person.reservations.takeover({ project, patterns: ["checked.ts"] });
    for (const { actor } of await eventsOf(project, fromPerson)) assert.include(["person", "daemon"], actor);
  });
});

describe("the launcher", () => {
  it("registers a session, asks for it, ends it, and can do nothing else in its name", async () => {
    const launcher = clientOf(tokens.launcher ?? "");
    const project = rootA;
    const session = { harness: "claude", session: "launched" };
    const after = await head();
    const { name, token } = await launcher.agents.register({ project, ...session });
    tokens.launched = token;
    assert.isTrue(
      (await launcher.reservations.writeCheck({ project, path: "launched.ts", ...session })).allowed,
    );
    // The file is the session's, which its own token shows.
    const [lease] = (await clientOf(token).reservations.list({ project })).filter(
      ({ holder }) => holder === name,
    );
    assert.deepStrictEqual(lease?.patterns, ["launched.ts"]);
    assert.strictEqual(
      await errorOf(launcher.reservations.reserve({ project, patterns: ["x"] })),
      "NotAllowed",
    );
    assert.deepStrictEqual(await launcher.agents.endSession({ project, ...session }), { ended: [name] });
    assert.strictEqual(await errorOf(clientOf(token).agents.list({ project })), "Unauthenticated");
    const made = (await eventsOf(project, after)).filter(({ actor }) => actor !== "daemon");
    assert.deepStrictEqual(
      made.map(({ type, actor }) => [type, actor]),
      [
        ["agent_registered", "launcher"],
        ["lease_granted", `agent:${name}`],
        ["agent_ended", "launcher"],
        ["lease_released", "launcher"],
      ],
    );
  });

  it("leaves a repository alone that is not ours", async () => {
    const root = join(box.folder, "foreign");
    await makeRepository(root, { x: "x\n" });
    const launcher = clientOf(tokens.launcher ?? "");
    const session = { harness: "claude", session: "s" };
    assert.strictEqual(await errorOf(launcher.agents.register({ project: root, ...session })), "NotFound");
    assert.deepStrictEqual(await launcher.reservations.writeCheck({ project: root, path: "x", ...session }), {
      allowed: true,
      message: "",
      conflicts: [],
    });
    assert.isFalse(existsSync(join(root, ".git", "vibe")));
  });
});

describe("a token that ends", () => {
  it("takes the streams that it opened with it", async () => {
    const project = rootA;
    const register = async () =>
      (await person.agents.register({ project, harness: "h", session: "s" })).token;
    const follow = async (token: string, ends: () => Promise<unknown>) => {
      tokens[`streams ${Object.keys(tokens).length}`] = token;
      const seen: Array<unknown> = [];
      const [{ epic = "" } = {}] = await person.swarm.list({ project });
      const client = clientOf(token);
      const open = [client.events.follow({ project, after: 0 }), client.swarm.watch({ project, epic })];
      const all = open.map(async (stream) => {
        for await (const { data } of stream) seen.push(data);
      });
      const outcomes = Promise.all(all.map(errorOf));
      await until(() => seen.length > 10);
      await ends();
      assert.deepStrictEqual(await outcomes, ["Unauthenticated", "Unauthenticated"]);
    };
    const first = await register();
    let second = "";
    await follow(first, async () => {
      second = await register();
    });
    await follow(second, () => person.agents.endSession({ project, harness: "h", session: "s" }));
  });
});

describe("tokens", () => {
  it("stand in no file of the store, the logs or the snapshots, and in no answer but that of their registration", () => {
    const files = readdirSync(box.home, { recursive: true, encoding: "utf8" })
      .map((name) => join(box.home, name))
      .filter((file) => statSync(file).isFile() && !/(person|launcher)\.token$/.test(file));
    assert.include(files, join(box.home, "store.db"));
    assert.isAbove(Object.keys(tokens).length, 10);
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const [who, token] of Object.entries(tokens))
        assert.isFalse(bytes.includes(token), `${who} in ${file}`);
    }
    const answers = JSON.stringify(heard);
    for (const [who, token] of Object.entries(tokens)) assert.notInclude(answers, token, who);
  });
});
