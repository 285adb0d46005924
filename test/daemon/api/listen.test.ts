import { chmod, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { request as httpRequest, createServer as httpServer, type IncomingMessage } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Context, Deferred, Effect, Exit, Fiber, Schema, Scope, Stream } from "effect";
import { encodeFailure, refuseRequest } from "../../../daemon/api/encodeFailure.ts";
import { listen } from "../../../daemon/api/listen.ts";
import { isHealthy, socketTransport } from "../../../shared/client/transport.ts";
import { type AnyError, NotNow } from "../../../shared/contract/errors.ts";
import { createClient } from "../../../shared/router/createClient.ts";
import { createPlainHandler } from "../../../shared/router/createPlainHandler.ts";
import { createRouter } from "../../../shared/router/createRouter.ts";
import { implement } from "../../../shared/router/implement.ts";
import { o } from "../../../shared/router/o.ts";
import { tempFolder } from "../../support/tempFolder.ts";
import { until } from "../../support/until.ts";

const Empty = Schema.Struct({});
const table = createRouter({
  echo: o({ access: "" })
    .input(Schema.Struct({ text: Schema.String }))
    .output(Schema.String),
  fail: o({ access: "" }).input(Empty).output(Empty),
  die: o({ access: "" }).input(Empty).output(Empty),
  hang: o({ access: "" }).input(Empty).output(Empty),
  gated: o({ access: "" }).input(Empty).output(Schema.String),
  numbers: o({ access: "", stream: true })
    .input(Schema.Struct({ to: Schema.Natural }))
    .output(Schema.Int),
  endless: o({ access: "", stream: true }).input(Empty).output(Schema.Int),
  once: o({ access: "", stream: true, resume: "none" }).input(Empty).output(Schema.Int),
});

/** A server as the daemon has it, on a socket of its own, with what its handlers were told. */
const serveAt = Effect.fnUntraced(function* (socket: string, cutAfter = Number.POSITIVE_INFINITY) {
  const gate = yield* Deferred.make<void>();
  const seen = { ended: 0, resumedAt: [] as Array<string | undefined>, defects: 0 };
  const ended = Effect.sync(() => void seen.ended++);
  const routes = implement<typeof table, null, AnyError, never>(table, {
    echo: ({ input }) => Effect.succeed(input.text),
    fail: () => Effect.fail(new NotNow({ message: "later" })),
    die: () => Effect.die(new Error("a secret")),
    hang: () => Effect.onInterrupt(Effect.never, () => ended),
    gated: () => Effect.as(Deferred.await(gate), "through"),
    numbers: ({ input, lastEventId }) => {
      seen.resumedAt.push(lastEventId);
      const start = Number(lastEventId ?? 0);
      return Stream.range(start + 1, input.to).pipe(
        Stream.rechunk(1),
        Stream.map((n) => ({ id: String(n), ...(n % 3 === 0 ? {} : { data: n }) })),
        // As when the daemon dies in the middle: the connection goes without an end.
        Stream.mapEffect((frame) =>
          Number(frame.id) - start > cutAfter ? Effect.as(cut, frame) : Effect.succeed(frame),
        ),
      );
    },
    once: () => Stream.succeed({ data: 1 }),
    endless: () =>
      Stream.tick("1 millis").pipe(
        Stream.map(() => ({ data: 1 })),
        Stream.ensuring(ended),
      ),
  });
  let cut: Effect.Effect<void> = Effect.void;
  const handler = createPlainHandler<null, AnyError, never>({
    routes,
    services: Context.empty(),
    context: () => Effect.succeed(null),
    refuse: refuseRequest,
    encodeFailure: encodeFailure(() => void seen.defects++),
  });
  const listening = yield* listen({
    socket,
    handler: async (request, signal) => {
      const response = await handler(request, signal);
      if (cutAfter === Number.POSITIVE_INFINITY) return response;
      const gone = new AbortController();
      // A little later: what was written before is on its way then.
      cut = Effect.andThen(
        Effect.delay(
          Effect.sync(() => gone.abort()),
          1,
        ),
        Effect.never,
      );
      const body = response.body as ReadableStream<Uint8Array>;
      return { ...response, body: body.pipeThrough(new TransformStream(), { signal: gone.signal }) };
    },
  });
  const client = createClient(table, socketTransport({ socket, token: "t" }));
  return { socket, seen, client, clients: listening.clients, open: Deferred.succeed(gate, undefined) };
});

type Server = Effect.Success<ReturnType<typeof serveAt>>;

const withServer = (use: (server: Server) => Promise<void>, cutAfter?: number) =>
  Effect.gen(function* () {
    const folder = yield* tempFolder;
    const server = yield* serveAt(join(folder, "run", "s.sock"), cutAfter);
    yield* Effect.promise(() => use(server));
  }).pipe(Effect.scoped);

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

/** What the server answers to bytes that no client of ours would send. */
const raw = (socket: string, bytes: string) =>
  new Promise<string>((resolve) => {
    let text = "";
    const connection = connect(socket, () => connection.write(bytes));
    connection.on("data", (chunk) => {
      text += chunk;
    });
    connection.on("error", () => resolve(text));
    connection.on("close", () => resolve(text));
  });

const upload = (socket: string, chunks: number, leaveAfter = Number.POSITIVE_INFINITY) =>
  new Promise<IncomingMessage | undefined>((resolve) => {
    const outgoing = httpRequest({ socketPath: socket, method: "POST", path: "/api/echo" }, resolve);
    outgoing.on("error", () => resolve(undefined));
    const megabyte = Buffer.alloc(1024 * 1024, 32);
    const write = (index: number) => {
      if (index >= leaveAfter) return void outgoing.destroy();
      if (index >= chunks) return void outgoing.end();
      outgoing.write(megabyte, () => write(index + 1));
    };
    write(0);
  });

describe("listen", () => {
  it.live("carries calls, errors by their class, and hides defects", () =>
    withServer(async ({ client, seen, socket }) => {
      assert.isTrue(await isHealthy(socket));
      const text = "ä€😀\n".repeat(100_000);
      assert.strictEqual(await client.echo({ text }), text);
      assert.instanceOf(await failureOf(client.fail({})), NotNow);
      const defect = await failureOf(client.die({}));
      assert.strictEqual(defect._tag, "InternalError");
      assert.notInclude(defect.message, "secret");
      assert.strictEqual(seen.defects, 1);
      assert.strictEqual((await failureOf(client.echo({ text: 1 } as never)))._tag, "InvalidInput");
    }),
  );

  it.live("is for this user only, and refuses a folder that is not", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const { socket } = yield* serveAt(join(folder, "run", "s.sock"));
      const modes = yield* Effect.promise(() => Promise.all([stat(join(folder, "run")), stat(socket)]));
      assert.deepStrictEqual(
        modes.map(({ mode }) => mode & 0o777),
        [0o700, 0o600],
      );
      yield* Effect.promise(async () => {
        await mkdir(join(folder, "open"));
        await chmod(join(folder, "open"), 0o750);
        await symlink(join(folder, "run"), join(folder, "link"));
      });
      for (const name of ["open", "link"]) {
        const exit = yield* Effect.exit(Effect.scoped(serveAt(join(folder, name, "s.sock"))));
        assert.include(String(Exit.isFailure(exit) && exit.cause), "this user alone", name);
      }
    }).pipe(Effect.scoped),
  );

  it.live("takes the place of a dead one's socket and leaves none behind", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const socket = join(folder, "s.sock");
      yield* Effect.promise(async () => {
        await chmod(folder, 0o700);
        await writeFile(socket, "stale");
      });
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { client } = yield* serveAt(socket);
          assert.strictEqual(yield* Effect.promise(() => client.echo({ text: "x" })), "x");
        }),
      );
      assert.isFalse(yield* Effect.promise(() => isHealthy(socket)));
      assert.isFalse(
        yield* Effect.promise(() =>
          stat(socket).then(
            () => true,
            () => false,
          ),
        ),
      );
    }).pipe(Effect.scoped),
  );

  it.live("stays up whatever bytes arrive", () =>
    withServer(async ({ socket, client }) => {
      const head = "Host: x\r\nConnection: close\r\n\r\n";
      const sent = [
        `TRACE /api/echo HTTP/1.1\r\n${head}`,
        `CONNECT a:1 HTTP/1.1\r\n${head}`,
        `GET http://[ HTTP/1.1\r\n${head}`,
        `GET //x//y?%%% HTTP/1.1\r\n${head}`,
        `GET :99999/ HTTP/1.1\r\n${head}`,
        `PUT /api/echo HTTP/1.1\r\n${head}`,
        `POST /api/echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${head}zz\r\n`,
        `POST /api/echo HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n${head}abc`,
        "\u0000\u0001 nonsense\r\n\r\n",
      ];
      for (const bytes of sent) {
        const answer = await raw(socket, bytes);
        assert.notMatch(answer, /^HTTP\/1\.1 (2|5)/, bytes);
      }
      assert.match(await raw(socket, sent[0]!), /^HTTP\/1\.1 400 .*"_tag":"InvalidInput"/s);
      assert.strictEqual(await client.echo({ text: "still here" }), "still here");
    }),
  );

  it.live("answers a sender of too much, and forgets one that leaves in the middle", () =>
    withServer(async ({ socket, client, seen, clients }) => {
      const response = await upload(socket, 12);
      assert.strictEqual(response?.statusCode, 400);
      response?.resume();
      await upload(socket, 5, 3);
      await until(() => clients() === 0);
      assert.strictEqual(seen.defects, 0);
      assert.strictEqual(await client.echo({ text: "x" }), "x");
    }),
  );

  it.live("tells handlers and streams of a client that left, and counts it no more", () =>
    withServer(async ({ client, seen, clients }) => {
      const gone = new AbortController();
      const call = failureOf(client.hang({}, { signal: gone.signal }));
      await until(() => clients() === 1);
      gone.abort();
      await call;
      await until(() => seen.ended === 1 && clients() === 0);
      for await (const { data } of client.endless({})) if (data === 1) break;
      await until(() => seen.ended === 2 && clients() === 0);
      const watching = new AbortController();
      for await (const _ of client.endless({}, { signal: watching.signal })) watching.abort();
      await until(() => seen.ended === 3 && clients() === 0);
      assert.strictEqual(seen.defects, 0);
    }),
  );

  it.live("ends: streams are cut, other requests may finish", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const scope = yield* Scope.make();
      const { client, seen, open, clients } = yield* serveAt(join(folder, "run", "s.sock")).pipe(
        Scope.provide(scope),
      );
      const gated = client.gated({});
      const stream = failureOf(collect(client.endless({})));
      yield* Effect.promise(() => until(() => clients() === 2));
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void));
      assert.strictEqual((yield* Effect.promise(() => stream))._tag, "DaemonUnreachable");
      yield* Effect.promise(() => until(() => seen.ended === 1));
      assert.strictEqual(
        (yield* Effect.promise(() => failureOf(client.echo({ text: "" }))))._tag,
        "DaemonUnreachable",
      );
      yield* open;
      assert.strictEqual(yield* Effect.promise(() => gated), "through");
      yield* Fiber.join(closing);
    }).pipe(Effect.scoped),
  );
});

describe("socketTransport", () => {
  const wanted = Array.from({ length: 60 }, (_, index) => index + 1).filter((n) => n % 3 !== 0);

  it.live("streams to the end, and through a filter", () =>
    withServer(async ({ client, seen }) => {
      const received = await collect(client.numbers({ to: 60 }));
      assert.deepStrictEqual(received, wanted);
      assert.deepStrictEqual(await collect(client.numbers({ to: 60 }, { lastEventId: "58" })), [59]);
      assert.deepStrictEqual(seen.resumedAt, [undefined, "58"]);
    }),
  );

  for (const cutAfter of [1, 3, 7]) {
    it.live(`takes up a stream that is cut after every ${cutAfter} frames, with none lost or doubled`, () =>
      withServer(async ({ client, seen }) => {
        assert.deepStrictEqual(await collect(client.numbers({ to: 60 })), wanted);
        assert.isAtLeast(seen.resumedAt.length, Math.floor(60 / cutAfter));
      }, cutAfter),
    );
  }

  it.live("says that there is no daemon, and when an answer breaks off", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const socket = join(folder, "s.sock");
      const client = createClient(table, socketTransport({ socket, token: "t" }));
      const tagOf = (run: Promise<unknown>) =>
        Effect.map(
          Effect.promise(() => failureOf(run)),
          (error) => error._tag,
        );
      assert.strictEqual(yield* tagOf(client.echo({ text: "" })), "DaemonUnreachable");
      assert.strictEqual(yield* tagOf(collect(client.numbers({ to: 1 }))), "DaemonUnreachable");
      yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = createServer((connection) => {
            connection.once("data", (chunk) => {
              const length = String(chunk).includes("echo")
                ? "content-length: 100"
                : "content-type: text/event-stream";
              connection.end(`HTTP/1.1 200 OK\r\n${length}\r\n\r\n"half`);
            });
          });
          await new Promise<void>((resolve) => server.listen(socket, resolve));
          return server;
        }),
        (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve))),
      );
      assert.strictEqual(yield* tagOf(client.echo({ text: "" })), "DaemonUnreachable");
      assert.strictEqual(yield* tagOf(collect(client.once({}))), "DaemonUnreachable");
    }).pipe(Effect.scoped),
  );

  it.live("makes what is no answer of a daemon's an error with a sentence", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder;
      const socket = join(folder, "s.sock");
      const answers = ["no JSON", '{"_tag":"FromTheFuture","message":"new kind"}'];
      yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = httpServer((_, outgoing) =>
            outgoing.writeHead(418, { connection: "close" }).end(answers.shift()),
          );
          await new Promise<void>((resolve) => server.listen(socket, resolve));
          return server;
        }),
        (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve))),
      );
      const client = createClient(table, socketTransport({ socket, token: "t" }));
      const first = yield* Effect.promise(() => failureOf(client.echo({ text: "" })));
      assert.match(`${first._tag} ${first.message}`, /InternalError .*not JSON: no JSON/);
      const second = yield* Effect.promise(() => failureOf(client.echo({ text: "" })));
      assert.strictEqual(`${second._tag} ${second.message}`, "InternalError new kind");
    }).pipe(Effect.scoped),
  );
});
