/**
 * A client process of the kill suite: does things at random in a few lanes at once, and keeps a journal of what it was
 * told, a line for each answer. What it did not get an answer to may have happened or not; a message and a deferred
 * are tried again with the same id until there is one.
 *
 * Arguments: the socket, the journal, its name, the seed.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { socketTransport } from "../../shared/client/transport.ts";
import { createClient } from "../../shared/router/createClient.ts";
import { random } from "./random.ts";
import { table } from "./table.ts";

const [socket = "", journal = "", name = "", seed = ""] = process.argv.slice(2);
const client = createClient(table, socketTransport({ socket, token: name }));
const next = random(Number(seed));
const pick = <A>(all: ReadonlyArray<A>): A => all[Math.floor(next() * all.length)] as A;

const tagOf = (cause: unknown): string => (cause as { readonly _tag?: string })._tag ?? String(cause);

/** Asks again while nobody answers: the daemon was killed, and another one is on its way. */
const persist = async <A>(ask: () => Promise<A>): Promise<A> => {
  for (;;) {
    try {
      return await ask();
    } catch (cause) {
      if (tagOf(cause) !== "DaemonUnreachable") throw cause;
      await sleep(10);
    }
  }
};
/** Asks once; an error that the daemon answered with is an answer, and no answer is undefined. */
const once = async <A>(ask: () => Promise<A>): Promise<A | { readonly _tag: string } | undefined> => {
  try {
    return await ask();
  } catch (cause) {
    if (tagOf(cause) !== "DaemonUnreachable") return { _tag: tagOf(cause) };
    await sleep(10);
    return undefined;
  }
};
const isFailure = (answer: unknown): answer is { readonly _tag: string } =>
  typeof answer === "object" && answer !== null && "_tag" in answer;

const id = () => crypto.randomUUID().replace(/^(.{14})./, "$17");
const locks = ["build", "deploy"];
const files = ["src/a.ts", "src/**", "docs/", "**/b.ts", "lib/c.ts"];
const boxes = ["ada", "bob"];
const open: Array<string> = [];

/** What one lane does; it holds locks and leases in its own name. */
const actsOf = (name: string) => {
  const told = (entry: Readonly<Record<string, unknown>>) =>
    appendFileSync(journal, `${JSON.stringify({ by: name, ...entry })}\n`);
  return [
    async () => {
      const lock = pick(locks);
      const held = await once(() =>
        client.lock.acquire({ name: lock, holder: name, ttl: 300, wait: next() < 0.5 ? 0 : 100 }),
      );
      if (held === undefined || isFailure(held)) return;
      told({ did: "acquire", name: lock, token: held.token });
      if (next() < 0.2) return;
      const released = await once(() => client.lock.release(held));
      if (released !== undefined && !isFailure(released))
        told({ did: "release", name: lock, token: held.token });
    },
    async () => {
      const patterns = [pick(files)];
      const lease = await once(() =>
        client.lease.reserve({ holder: name, patterns, wait: next() < 0.5 ? 0 : 100 }),
      );
      if (lease === undefined || lease === null || isFailure(lease)) return;
      told({ did: "reserve", token: lease.token });
      if (next() < 0.2) return;
      await once(() => client.lease.release({ holder: name, lease: lease.lease, token: lease.token }));
    },
    async () => {
      const message = {
        id: id(),
        from: name,
        to: next() < 0.5 ? ["worker"] : [pick(boxes)],
        body: "x".repeat(Math.floor(next() * 500)),
        thread: pick(["one", "two", "three"]),
      };
      await persist(() => client.mail.send(message));
      told({ did: "send", id: message.id, to: message.to });
    },
    async () => {
      const recipient = pick(boxes);
      const got = await once(() => client.mail.receive({ recipient }));
      if (got === undefined || isFailure(got)) return;
      for (const { id: message, delivery } of got) {
        if (next() < 0.2) continue;
        const acked = await once(() => client.mail.ack({ recipient, id: message, delivery }));
        if (acked !== undefined && !isFailure(acked)) told({ did: "ack", id: message, recipient });
      }
    },
    async () => {
      const deferred = id();
      await persist(() => client.deferred.create({ id: deferred }));
      told({ did: "create", id: deferred });
      open.push(deferred);
    },
    async () => {
      const deferred = pick(open);
      if (deferred === undefined) return;
      const value = Math.floor(next() * 1000);
      const how = next() < 0.5 ? "resolved" : "rejected";
      const ways = [
        () =>
          how === "resolved"
            ? client.deferred.resolve({ id: deferred, value })
            : client.deferred.reject({ id: deferred, reason: String(value) }),
        () => client.deferred.resolve({ id: deferred, value: -1 }),
      ];
      // Two at once: one of them settles it.
      const answers = await Promise.all(ways.map((way) => once(way)));
      for (const [index, answer] of answers.entries()) {
        if (answer !== undefined && !isFailure(answer))
          told({
            did: "settle",
            id: deferred,
            how: index === 0 ? how : "resolved",
            value: index === 0 ? value : -1,
          });
      }
      open.splice(open.indexOf(deferred), 1);
    },
    async () => {
      const at = await once(() => client.cursor.position({}));
      if (at !== undefined && !isFailure(at)) told({ did: "position", seq: at.seq });
    },
  ];
};

const work = async (lane: string): Promise<never> => {
  const acts = actsOf(lane);
  for (;;) await pick(acts)();
};
await Promise.all([1, 2, 3].map((lane) => work(`${name}-${lane}`)));
