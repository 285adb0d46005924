/**
 * Every route of the contract, asked with right and wrong inputs by everybody, many at once: no crash, no hang, no
 * error without a tag, no answer that is not what the contract says, and at the end the projections are what the log
 * says. Half of the inputs pass the schema and are about things that exist: what earlier answers contained.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, assert, beforeAll, describe, it } from "vitest";
import type { DaemonClient } from "../../shared/client/connect.ts";
import { contract } from "../../shared/contract/routes.ts";
import { routesOf } from "../../shared/router/createRouter.ts";
import { random as seeded } from "../primitives/random.ts";
import { makeAsk, sendBytes } from "./ask.ts";
import { pick, samplesOf } from "./inputs.ts";
import { judge } from "./judge.ts";
import { full, type Input, lanes, play, seed } from "./play.ts";
import { compose, garbage, request, type Target } from "./requests.ts";
import { type Random, World } from "./World.ts";

const inputs = full ? 100_000 : 4000;
const mostSwarms = full ? 40 : 8;

/** Not asked here, and why. */
const excluded: Readonly<Record<string, string>> = {
  "daemon/stop": "ends the daemon; see the test below",
  "events/redact": "ends the daemon; see the test below",
  "daemon/uninstall": "removes what all others work on; see test/cli/uninstall.test.ts",
};

/** How often a route is asked, compared with the others: less where a call takes long, for most of it is git's. */
const rates: Readonly<Record<string, number>> = {
  // An agent that has ended is no caller any more.
  "agents/end": 0.1,
  "agents/endSession": 0.3,
  "agents/register": 0.3,
  "events/rebuild": 0.01,
  "events/gc": 0.05,
  "events/stateAt": 0.1,
  "daemon/diagnose": 0.1,
  "daemon/ownThings": 0.05,
  "daemon/listen": 0.3,
  // A tracker that grows and grows makes everything slow.
  "hive/create": 0.3,
  "hive/createEpic": 0.1,
  "reservations/writeCheck": 0.5,
  // Ends the leases of everybody.
  "reservations/takeover": 0.1,
  // Nothing to be revived, mostly.
  "mail/revive": 0.3,
  "swarm/plan": 0.1,
  "swarm/propose": 0.3,
  "swarm/approveChecks": 0.1,
  "swarm/checkBase": 0.1,
  "swarm/start": 0.4,
  "swarm/resume": 0.2,
  "swarm/cancel": 0.05,
  "swarm/discard": 0.1,
  "swarm/land": 0.3,
  "swarm/answer": 0.3,
  "swarm/graph": 0.1,
  "swarm/retry": 0.2,
  "swarm/pause": 0.1,
  "swarm/unpause": 0.3,
  "swarm/sendBack": 0.1,
  "swarm/revert": 0.2,
  "swarm/changes": 0.1,
  "swarm/file": 0.2,
  "swarm/log": 0.2,
};

/** Routes whose success takes a state that a short run may not come to. */
const rare: ReadonlySet<string> = new Set(
  full
    ? []
    : [
        "daemon/diagnose",
        "daemon/ownThings",
        "events/gc",
        "events/rebuild",
        "events/stateAt",
        "mail/revive",
        "reservations/handover",
        "reservations/renew",
        "reservations/withdraw",
        "swarm/answer",
        "swarm/cancel",
        "swarm/discard",
        "swarm/graph",
        "swarm/land",
        "swarm/changes",
        "swarm/file",
        "swarm/log",
        "swarm/pause",
        "swarm/retry",
        "swarm/revert",
        "swarm/sendBack",
        "swarm/plan",
        "swarm/resume",
      ],
);

const targets: ReadonlyArray<Target> = routesOf(contract).map(([path, route], index) => {
  const samples = samplesOf(route.input, 300, seed + index);
  return { path, route, samples, fields: [...new Set(samples.flatMap((sample) => Object.keys(sample)))] };
});
const asked = targets.filter(({ path }) => !(path in excluded));

const world = new World();
let client: DaemonClient;

describe("routes", () => {
  beforeAll(async () => {
    client = await world.begin();
    if (full) await Promise.all(world.projects.map((project) => world.addDeadLetter(client, project)));
  }, 60_000);
  afterAll(async () => {
    assert.deepStrictEqual(await world.box.end(), []);
  }, 60_000);

  it(
    `${inputs} inputs, seed ${seed}`,
    async () => {
      const { ask, end } = makeAsk(world.socket, lanes);
      let swarms = 0;
      const next = (random: Random): Input | undefined => {
        if (random() < 0.005) return bytes(pick(random, garbage));
        const target = pick(random, asked);
        if (random() > (rates[target.path] ?? 1)) return undefined;
        if (target.path === "swarm/start" && swarms >= mostSwarms) return undefined;
        const { name, route, caller, input, request } = compose(target, world, random);
        const about = `${caller.kind}: ${request.method} ${request.path.slice(0, 300)} ${String(request.body ?? "").slice(0, 300)}`;
        const put: Input["put"] = async () => {
          const answer = await ask(request);
          const verdict = judge(name, route, answer);
          if ("fault" in verdict) return { ...verdict, ms: answer.ms };
          for (const value of verdict.answers) world.learn(name, caller, input, value);
          if (name === "swarm/start" && verdict.tag === "ok") swarms++;
          if (verdict.tag === "Unauthenticated" && caller.kind === "agent") {
            await world.replaceAgent(client, caller);
          }
          return { ...verdict, ms: answer.ms };
        };
        return { name, about, put };
      };
      const tally = await play(world, inputs, next).finally(end);
      for (const [path, why] of Object.entries(excluded)) console.log(`  not asked: ${path} (${why})`);
      assert.isAbove(tally.reachedShare, 0.5, "too few inputs reached a handler for this to say much");
      assert.isAbove(tally.successShare, 0.25, "too few inputs succeeded for this to say much");
      assert.deepStrictEqual(
        tally.neverOk(asked.map(({ path }) => path)).filter((path) => !rare.has(path)),
        [],
      );
    },
    full ? 60 * 60_000 : 5 * 60_000,
  );

  it("daemon/stop and events/redact, in a daemon that they may end", async () => {
    const own = new World();
    const random = seeded(seed);
    await own.begin();
    const { ask, end } = makeAsk(own.socket, 1);
    try {
      for (const path of Object.keys(excluded)) {
        const target = targets.find((each) => each.path === path)!;
        for (let i = 0; i < 40; i++) {
          // Whatever is not a good call of the person's does not end it.
          const broken = i % 2 === 0;
          const valid = target.samples[i] ?? {};
          const { token } = pick(
            random,
            own.callers.filter(({ kind }) => broken || kind !== "person"),
          );
          const body = broken ? `${JSON.stringify(valid)}]` : JSON.stringify(valid);
          const verdict = judge(path, target.route, await ask(request(path, token, body)));
          assert.notProperty(verdict, "fault", body);
          assert.notPropertyVal(verdict, "tag", "ok");
        }
      }
      const person = own.callers[0]?.token;
      for (const [path, input] of [
        ["events/redact", { project: own.projects[0], seq: 1, reason: "a fuzz" }],
        ["daemon/stop", {}],
      ] as const) {
        const target = targets.find((each) => each.path === path)!;
        if (own.box.daemonPid() === undefined) await own.box.startDaemon();
        const before = own.box.daemonPid();
        const verdict = judge(path, target.route, await ask(request(path, person, JSON.stringify(input))));
        assert.propertyVal(verdict, "tag", "ok");
        while (own.box.daemonPid() === before) await sleep(20);
      }
    } finally {
      end();
      assert.deepStrictEqual(await own.box.end(), []);
    }
  });
});

const bytes = (sent: Buffer | string): Input => ({
  name: "(bytes that are no request)",
  about: sent.toString("latin1").slice(0, 100),
  put: async () => {
    const said = await sendBytes(world.socket, sent);
    const [, head = "", body = ""] = /^HTTP\/1\.1 ([45]\d\d[^\r]*).*?\r\n\r\n(.*)$/s.exec(said) ?? [];
    return head === "" || /"_tag":"\w+"/.test(body)
      ? { tag: "(closed)", reached: false, answers: [], ms: 0 }
      : { fault: `${head}, without a tag: ${body.slice(0, 200)}`, ms: 0 };
  },
});
