import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Layer } from "effect";
import { authenticate, revoked } from "../../../daemon/api/authenticate.ts";
import { Agents } from "../../../daemon/coordination/agents/Agents.ts";
import { DataFolder, makeDataFolder } from "../../../daemon/platform/DataFolder.ts";
import { markerVariable } from "../../../daemon/platform/strays.ts";
import { headers, OLDEST_PROTOCOL, PROTOCOL } from "../../../shared/contract/protocol.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { temporaryStore } from "../coordination/storeLayer.ts";

const parts = Layer.unwrap(
  Effect.gen(function* () {
    const root = join(yield* tempFolder, "data");
    yield* makeDataFolder(root);
    return Layer.mergeAll(DataFolder.layer(root), Agents.layer.pipe(Layer.provide(temporaryStore)));
  }),
);

const tokenIn = (name: string) =>
  Effect.flatMap(DataFolder, ({ root }) =>
    Effect.promise(async () => (await readFile(join(root, name), "utf8")).trim()),
  );
const personToken = tokenIn("person.token");
const launcherToken = tokenIn("launcher.token");
const accesses = ["person", "anyone", "registrar", "everybody"];

interface Claims {
  readonly token?: string;
  readonly protocol?: string | null;
  readonly pid?: number;
}

const ask = (access: string, { token, protocol = String(PROTOCOL), pid }: Claims) =>
  authenticate(
    new Request("http://localhost/", {
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(protocol !== null && { [headers.protocol]: protocol }),
        ...(pid !== undefined && { [headers.pid]: String(pid) }),
      },
    }),
    access,
  );
const refusal = (access: string, claims: Claims) =>
  Effect.map(Effect.flip(ask(access, claims)), ({ _tag }) => _tag);

const origin = { project: "p", actor: "daemon" } as const;

/** A process with these variables, its pid, for as long as the scope lasts. */
const processWith = (env: Readonly<Record<string, string>>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const child = spawn(process.execPath, ["--eval", "process.stdin.resume(); console.log()"], {
          env: { ...process.env, ...env },
          stdio: ["pipe", "pipe", "inherit"],
        });
        await once(child.stdout, "data");
        return child;
      }),
      (child) =>
        Effect.promise(async () => {
          child.kill("SIGKILL");
          await once(child, "close");
        }),
    ),
    (child) => child.pid!,
  );

describe("authenticate", () => {
  it.live("knows the person by the token, on every route", () =>
    Effect.gen(function* () {
      const token = yield* personToken;
      const pid = yield* processWith({});
      for (const access of accesses) {
        assert.deepStrictEqual(yield* ask(access, { token, pid }), { kind: "person", actor: "person" });
      }
    }).pipe(Effect.provide(parts)),
  );

  it.live("knows an agent, which may not do what is the person's, until it has ended", () =>
    Effect.gen(function* () {
      const agents = yield* Agents;
      const { name, token } = yield* agents.register(origin, { kind: "worker", epic: "e", cell: "c" });
      const caller = yield* ask("anyone", { token });
      assert.deepStrictEqual(caller, { kind: "agent", actor: `agent:${name}`, name, project: "p" });
      assert.strictEqual(yield* refusal("person", { token }), "NotAllowed");
      yield* agents.end(origin, name, "done");
      assert.strictEqual(yield* refusal("anyone", { token }), "Unauthenticated");
    }).pipe(Effect.provide(parts)),
  );

  it.live("lets each caller in where the table says, and nowhere else", () =>
    Effect.gen(function* () {
      const agents = yield* Agents;
      const tokens = {
        person: yield* personToken,
        agent: (yield* agents.register(origin, { kind: "session" })).token,
        launcher: yield* launcherToken,
      };
      const table: Record<string, ReadonlyArray<string>> = {
        person: ["person"],
        anyone: ["person", "agent"],
        registrar: ["person", "launcher"],
        everybody: ["person", "agent", "launcher"],
        // What nobody has heard of is for nobody.
        "": [],
        toString: [],
      };
      for (const [access, admitted] of Object.entries(table)) {
        for (const [kind, token] of Object.entries(tokens)) {
          const answer = yield* ask(access, { token }).pipe(
            Effect.match({ onSuccess: (caller) => caller.kind, onFailure: ({ _tag }) => _tag }),
          );
          assert.strictEqual(answer, admitted.includes(kind) ? kind : "NotAllowed", `${kind} on ${access}`);
        }
      }
    }).pipe(Effect.provide(parts)),
  );

  it.live("says when the token of an agent is its own no more, and never of the person's", () =>
    Effect.gen(function* () {
      const agents = yield* Agents;
      const session = { kind: "session", harness: "h", session: "s" } as const;
      const requestWith = (token: string) =>
        new Request("http://x/", { headers: { authorization: `Bearer ${token}` } });
      const first = yield* agents.register(origin, session);
      const ended = (token: string) =>
        Effect.map(Effect.flip(revoked(requestWith(token))), ({ _tag }) => _tag);
      const waiting = yield* Effect.forkChild(ended(first.token), { startImmediately: true });
      assert.isUndefined(waiting.pollUnsafe());
      const second = yield* agents.register(origin, session);
      assert.strictEqual(yield* Fiber.join(waiting), "Unauthenticated");
      assert.strictEqual(yield* ended(first.token), "Unauthenticated");
      const again = yield* Effect.forkChild(ended(second.token), { startImmediately: true });
      yield* agents.end(origin, second.name, "over");
      assert.strictEqual(yield* Fiber.join(again), "Unauthenticated");
      for (const token of [yield* personToken, yield* launcherToken]) {
        const never = yield* Effect.forkChild(revoked(requestWith(token)), { startImmediately: true });
        yield* Effect.sleep(1);
        assert.isUndefined(never.pollUnsafe());
        yield* Fiber.interrupt(never);
      }
    }).pipe(Effect.provide(parts)),
  );

  it.live("lets nobody in without a token that it gave", () =>
    Effect.gen(function* () {
      const token = yield* personToken;
      for (const other of [undefined, "", " ", "x", token.slice(0, -1), `${token}=`]) {
        const claims = other === undefined ? {} : { token: other };
        assert.strictEqual(yield* refusal("anyone", claims), "Unauthenticated", JSON.stringify(other));
      }
      const basic = new Request("http://x/", {
        headers: { authorization: `Basic ${token}`, [headers.protocol]: String(PROTOCOL) },
      });
      assert.strictEqual((yield* Effect.flip(authenticate(basic, "anyone")))._tag, "Unauthenticated");
    }).pipe(Effect.provide(parts)),
  );

  it.live("refuses a protocol that it does not speak before anything else", () =>
    Effect.gen(function* () {
      const token = yield* personToken;
      for (const protocol of ["", "x", String(OLDEST_PROTOCOL - 1), String(PROTOCOL + 1)]) {
        assert.strictEqual(
          yield* refusal("anyone", { token, protocol }),
          "ProtocolMismatch",
          String(protocol),
        );
      }
      assert.strictEqual(yield* refusal("anyone", { protocol: "0" }), "ProtocolMismatch");
      // An HTTP client and no more says none.
      assert.strictEqual((yield* ask("anyone", { token, protocol: null })).kind, "person");
    }).pipe(Effect.provide(parts)),
  );

  it.live.skipIf(process.platform !== "linux")(
    "believes neither the person nor the launcher inside a worker, which has a token of its own",
    () =>
      Effect.gen(function* () {
        const token = yield* personToken;
        const { cloneId } = yield* DataFolder;
        const pid = yield* processWith({ [markerVariable]: `${cloneId}.run-1` });
        for (const access of accesses)
          assert.strictEqual(yield* refusal(access, { token, pid }), "NotAllowed", access);
        const launcher = yield* launcherToken;
        for (const access of accesses)
          assert.strictEqual(yield* refusal(access, { token: launcher, pid }), "NotAllowed", access);
        const worker = yield* (yield* Agents).register(origin, { kind: "worker", epic: "e", cell: "c" });
        assert.strictEqual((yield* ask("anyone", { token: worker.token, pid })).kind, "agent");
        // A daemon that is tested by another one's worker has workers of its own.
        const others = yield* processWith({ [markerVariable]: "another.run-1" });
        assert.strictEqual((yield* ask("person", { token, pid: others })).kind, "person");
        // A process that is gone, or that says nothing, can't be looked up: then the token is what counts.
        for (const unknown of [{ pid: 2 ** 22 + 1 }, { pid: -5 }, { pid: 0 }, {}]) {
          assert.strictEqual((yield* ask("person", { token, ...unknown })).kind, "person");
        }
      }).pipe(Effect.provide(parts)),
  );
});
