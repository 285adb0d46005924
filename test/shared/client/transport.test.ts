/** What the client does about answers that do not come: asked again, taken up, given up. Against a scripted server. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Schema } from "effect";
import { type Revive, socketTransport } from "../../../shared/client/transport.ts";
import type { AnyError } from "../../../shared/contract/errors.ts";
import { createClient } from "../../../shared/router/createClient.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { o } from "../../../shared/router/o.ts";
import { pause } from "../../support/sandbox.ts";
import { tempFolder } from "../../support/tempFolder.ts";

const Empty = Schema.Struct({});
const table = createRouter({
  once: o({ access: "" }).input(Empty).output(Schema.String),
  safe: o({ access: "", retry: { times: 3, base: "5 millis" } })
    .input(Empty)
    .output(Schema.String),
  slow: o({ access: "", timeout: "10 millis" }).input(Empty).output(Schema.String),
  log: o({ access: "", stream: true, heartbeat: "50 millis" }).input(Empty).output(Schema.Int),
  single: o({ access: "", stream: true, resume: "none" }).input(Empty).output(Schema.Int),
});

type Answer = (outgoing: ServerResponse, incoming: IncomingMessage) => void;

/** A server that answers one request after the other as told; what is asked beyond that is a failure. */
const withServer = (
  answers: ReadonlyArray<Answer>,
  use: (server: {
    readonly socket: string;
    readonly client: ReturnType<typeof clientAt>;
    readonly asked: Array<string | undefined>;
  }) => Promise<void>,
) =>
  Effect.gen(function* () {
    const socket = join(yield* tempFolder, "s.sock");
    const asked: Array<string | undefined> = [];
    yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const server = createServer((incoming, outgoing) => {
          const answer = answers[asked.length] ?? refuse;
          asked.push(incoming.headers["last-event-id"] as string | undefined);
          incoming.resume().on("end", () => answer(outgoing, incoming));
        });
        await new Promise<void>((resolve) => server.listen(socket, resolve));
        return server;
      }),
      (server) =>
        Effect.promise(() => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
    );
    yield* Effect.promise(() => use({ socket, asked, client: clientAt(socket) }));
  }).pipe(Effect.scoped);

const clientAt = (socket: string, revive?: Revive) =>
  createClient(table, socketTransport({ socket, token: "t" }, revive));

const refuse: Answer = (outgoing) =>
  outgoing.writeHead(400).end(JSON.stringify({ _tag: "InvalidInput", message: "asked too often" }));
const ok: Answer = (outgoing) => outgoing.end('"ok"');
const reset: Answer = (outgoing) => outgoing.destroy();
const half: Answer = (outgoing) =>
  outgoing.writeHead(200, { "content-length": 100 }).write('"o', () => reset(outgoing, outgoing.req));
const stopping: Answer = (outgoing) => outgoing.writeHead(503).end("{}");
const stream =
  (text: string, then: (outgoing: ServerResponse) => void): Answer =>
  (outgoing) => {
    outgoing.writeHead(200, { "content-type": "text/event-stream" }).write(text, () => then(outgoing));
  };
const end = "event: end\ndata: null\n\n";

const failureOf = (run: Promise<unknown>) =>
  run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (error) => error as AnyError,
  );
const collect = async (frames: AsyncIterable<{ readonly data: number }>) => {
  const all: Array<number> = [];
  for await (const { data } of frames) all.push(data);
  return all;
};

describe("a call whose answer does not come", () => {
  for (const [name, lost] of [
    ["is cut off", reset],
    ["is cut off in the middle of it", half],
    ["is given up by a daemon that stops", stopping],
  ] as const) {
    it.live(`and ${name}: it is asked again only if its route says that this is safe`, () =>
      withServer([lost, lost, lost, lost, ok], async ({ client, asked }) => {
        assert.strictEqual((await failureOf(client.once({})))._tag, "DaemonUnreachable");
        assert.strictEqual(asked.length, 1);
        assert.strictEqual(await client.safe({}), "ok");
        assert.strictEqual(asked.length, 5);
      }),
    );
  }

  it.live("is asked no more often than its route says", () =>
    withServer([reset, reset, reset, reset, ok], async ({ client, asked }) => {
      assert.strictEqual((await failureOf(client.safe({})))._tag, "DaemonUnreachable");
      assert.strictEqual(asked.length, 4);
    }),
  );

  it.live("is not asked again when it was refused, nor once its caller has left", () =>
    withServer([refuse, () => undefined], async ({ client, asked }) => {
      assert.strictEqual((await failureOf(client.safe({})))._tag, "InvalidInput");
      const left = new AbortController();
      const call = client.safe({}, { signal: left.signal }).catch(() => "left");
      while (asked.length < 2) await pause(2);
      left.abort();
      assert.strictEqual(await call, "left");
      await pause(50);
      assert.strictEqual(asked.length, 2);
    }),
  );

  it.live("was not even sent: it goes to whoever is found then, once, whatever its route says", () =>
    withServer([ok, ok], async ({ socket, asked }) => {
      const looked: Array<string> = [];
      const client = clientAt(`${socket}.gone`, async (what) => {
        looked.push(what);
        return { socket, token: "t" };
      });
      assert.strictEqual(await client.once({}), "ok");
      assert.strictEqual(await client.once({}), "ok");
      assert.deepStrictEqual([looked, asked.length], [["call"], 2]);
    }),
  );

  it.live("within the time of its route and some: it is given up", () =>
    withServer([() => undefined], async ({ client }) => {
      const error = await failureOf(client.slow({}));
      assert.match(`${error._tag} ${error.message}`, /TimedOut .*did not answer slow within 5.01 seconds/);
    }),
  );
});

describe("a stream", () => {
  it.live("is taken up after the last frame that came whole, and after what was left out", () =>
    withServer(
      [
        stream("id: s:1\ndata: 1\n\nid: s:2\ndata: 2\n\nid: s:3\ndata: 3", (outgoing) => outgoing.destroy()),
        stream("id: s:3\ndata: 3\n\nevent: position\nid: s:9\n\n", (outgoing) => outgoing.destroy()),
        stream(`: \n\nid: s:10\ndata: 10\n\n${end}`, (outgoing) => outgoing.end()),
      ],
      async ({ client, asked }) => {
        assert.deepStrictEqual(await collect(client.log({})), [1, 2, 3, 10]);
        assert.deepStrictEqual(asked, [undefined, "s:2", "s:9"]);
      },
    ),
  );

  it.live("that says nothing for three signs of life is lost; one whose reader is slow is not", () =>
    withServer(
      [
        stream("id: s:1\ndata: 1\n\nid: s:2\ndata: 2\n\n", () => undefined),
        stream(`id: s:3\ndata: 3\n\n${end}`, (outgoing) => outgoing.end()),
      ],
      async ({ client, asked }) => {
        const all: Array<number> = [];
        for await (const { data } of client.log({})) {
          all.push(data);
          // Longer than three signs of life.
          if (data === 1) await pause(400);
          if (data === 1) assert.strictEqual(asked.length, 1);
        }
        assert.deepStrictEqual(all, [1, 2, 3]);
        assert.deepStrictEqual(asked, [undefined, "s:2"]);
      },
    ),
  );

  it.live("that begins anew is an error, or is told, and goes on from the new position", () => {
    const voided = "id: s:1\ndata: 1\n\nevent: reset\nid: t:0\n\nid: t:1\ndata: 7\n\n";
    return withServer(
      [
        stream(voided, () => undefined),
        stream(voided, (outgoing) => outgoing.destroy()),
        stream(`id: t:2\ndata: 8\n\n${end}`, (outgoing) => outgoing.end()),
      ],
      async ({ client, asked }) => {
        assert.strictEqual((await failureOf(collect(client.log({}))))._tag, "StreamReset");
        const resets: Array<string> = [];
        assert.deepStrictEqual(
          await collect(client.log({}, { onReset: () => void resets.push("reset") })),
          [1, 7, 8],
        );
        assert.deepStrictEqual([resets, asked], [["reset"], [undefined, undefined, "t:1"]]);
      },
    );
  });

  it.live("without positions, or whose route has none, is not taken up", () =>
    withServer(
      [
        stream("data: 1\n\n", (outgoing) => outgoing.destroy()),
        stream("id: s:1\ndata: 1\n\n", (outgoing) => outgoing.destroy()),
      ],
      async ({ client, asked }) => {
        assert.strictEqual((await failureOf(collect(client.log({}))))._tag, "DaemonUnreachable");
        assert.strictEqual((await failureOf(collect(client.single({}))))._tag, "DaemonUnreachable");
        assert.strictEqual(asked.length, 2);
      },
    ),
  );

  it.live("ends with the error that it is told, and asks no more", () =>
    withServer(
      [
        stream(
          'id: s:1\ndata: 1\n\nevent: error\ndata: {"_tag":"NotFound","message":"gone"}\n\n',
          (outgoing) => outgoing.end(),
        ),
      ],
      async ({ client, asked }) => {
        const error = await failureOf(collect(client.log({})));
        assert.strictEqual(`${error._tag} ${error.message}`, "NotFound gone");
        assert.strictEqual(asked.length, 1);
      },
    ),
  );
});
