/**
 * The primitives under `kill -9`: client processes against one process with the store, either side killed at random,
 * again and again. What the log says afterwards, and what the clients were told, must agree with every promise.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Layer, Logger } from "effect";
import { afterEach, assert, beforeEach, describe, it } from "vitest";
import { sqlLayer } from "../../daemon/platform/Sql.ts";
import { EventStore } from "../../daemon/primitives/EventStore.ts";
import { projections, stateTables } from "../../daemon/tables.ts";
import { isHealthy, socketTransport } from "../../shared/client/transport.ts";
import { createClient } from "../../shared/router/createClient.ts";
import { collectStore } from "../support/collectStore.ts";
import { pause, programs } from "../support/sandbox.ts";
import { until } from "../support/until.ts";
import { checkPromises, type Told } from "./promises.ts";
import { random } from "./random.ts";
import { table } from "./table.ts";

const full = process.env.OCVIBE_TEST_TIER === "full";
/** Each round kills one process. */
const rounds = full ? 3000 : 100;
const clients = 3;

let folder: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ocvibe-kill-")));
});
afterEach(async () => {
  for (const child of children) await kill(child);
  rmSync(folder, { recursive: true, force: true });
});

const start = (program: string, ...args: ReadonlyArray<string>): ChildProcess => {
  const child = spawn(process.execPath, [join(programs, program), ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.add(child);
  child.on("exit", (code) => {
    children.delete(child);
    if (code !== null) console.error(`${program} ended by itself with exit code ${code}`);
  });
  return child;
};

const kill = async (child: ChildProcess): Promise<void> => {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  assert.isNull(child.exitCode, "a process of the suite ended by itself");
  child.kill("SIGKILL");
  await ended;
};

describe("the primitives, killed at any moment", () => {
  it(
    `keep every promise through ${rounds} kills`,
    async () => {
      const seed = Number(process.env.OCVIBE_TEST_SEED ?? Date.now() % 1_000_000);
      console.log(`kill suite: seed ${seed} (OCVIBE_TEST_SEED repeats its choices)`);
      const next = random(seed);
      const store = join(folder, "store.db");
      const socket = join(folder, "s");
      const journal = join(folder, "journal");
      let begun = 0;
      const startDaemon = async () => {
        const child = start("primitivesDaemon.js", store, socket);
        await until(() => isHealthy(socket));
        return child;
      };
      const startClient = (name: string) =>
        start("primitivesClient.js", socket, journal, name, String(seed + ++begun));
      let daemon = await startDaemon();
      const working = Array.from({ length: clients }, (_, n) => startClient(`client${n}`));
      let daemonKills = 0;
      for (let round = 0; round < rounds; round++) {
        // Half of the kills come at any moment, the others when something was done since the last one.
        if (next() < 0.5) await pause(Math.floor(next() * 60));
        else await busy(journal);
        if (next() < 0.4) {
          daemonKills += 1;
          await kill(daemon);
          daemon = await startDaemon();
        } else {
          const which = Math.floor(next() * clients);
          await kill(working[which] as ChildProcess);
          working[which] = startClient(`client${which}`);
        }
      }
      for (const client of working) await kill(client);
      // In peace, what was interrupted is brought to its end.
      const observer = createClient(table, socketTransport({ socket, token: "observer" }));
      await until(async () => {
        const { messages, events } = await observer.left({});
        return messages + events === 0;
      }, 60);
      await kill(daemon);
      collectStore(store);
      const told = existsSync(journal) ? lines(readFileSync(journal, "utf8")) : [];
      const counts = await Effect.runPromise(
        Effect.gen(function* () {
          const log = yield* EventStore;
          const events = yield* log.readAll({});
          const inboxes = yield* log.rows("mail_waiting");
          const reports = yield* log.rebuild;
          for (const report of reports) assert.isTrue(report.equal, `${report.projection} as replayed`);
          return checkPromises(events, told, inboxes);
        }).pipe(
          Effect.provide(
            EventStore.layer(projections, stateTables).pipe(Layer.provide(sqlLayer({ file: store }))),
          ),
          Effect.scoped,
          Effect.provide(Logger.layer([])),
        ),
      );
      console.log(`kill suite: ${daemonKills} of ${rounds} kills hit the store; ${JSON.stringify(counts)}`);
      for (const [what, count] of Object.entries(counts)) assert.isAbove(count, 2, `hardly any ${what}`);
    },
    full ? 3_600_000 : 180_000,
  );
});

/** Waits until a client was told something more, at most a second. */
const busy = async (journal: string): Promise<void> => {
  const size = () => (existsSync(journal) ? statSync(journal).size : 0);
  const before = size();
  for (let waited = 0; waited < 1000 && size() === before; waited += 5) await pause(5);
};

/** The last line may be cut: its writer was killed. */
const lines = (text: string): ReadonlyArray<Told> =>
  text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as Told];
    } catch {
      return [];
    }
  });
