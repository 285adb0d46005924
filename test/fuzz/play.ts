/**
 * Puts one input after the other, many at once, and counts what became of them. What must hold of every fuzz is
 * demanded here: no fault, the same daemon at the end, whose memory did not grow without bound, which logged no
 * defect, and whose projections are what its log says.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "vitest";
import { random as seeded } from "../primitives/random.ts";
import type { Verdict } from "./judge.ts";
import { Tally } from "./Tally.ts";
import type { Random, World } from "./World.ts";

export const full = process.env.OCVIBE_TEST_TIER === "full";
export const seed = Number(process.env.OCVIBE_FUZZ_SEED ?? Date.now() % 1_000_000);
export const lanes = 16;

/** MB that the daemon's memory may grow by after the first fifth of the inputs. */
const mostGrowth = full ? 500 : 300;

export interface Input {
  /** Of the route or the tool. */
  readonly name: string;
  /** For whoever reads of a fault. */
  readonly about: string;
  readonly put: () => Promise<Verdict & { readonly ms: number }>;
}

export const play = async (
  world: World,
  inputs: number,
  next: (random: Random) => Input | undefined,
): Promise<Tally> => {
  const pid = world.box.daemonPid();
  const random = seeded(seed);
  const tally = new Tally();
  const faults: Array<string> = [];
  let begun = 0;
  let early = 0;
  const lane = async () => {
    while (begun < inputs && faults.length < 20) {
      const input = next(random);
      if (input === undefined) continue;
      const number = begun++;
      if (number === Math.floor(inputs / 5)) early = memory(pid);
      const fault = (why: string) => faults.push(`input ${number}: ${input.about}\n  ${why}`);
      try {
        const verdict = await input.put();
        if ("fault" in verdict) fault(verdict.fault);
        else tally.count(input.name, verdict.tag, verdict.reached, verdict.ms);
      } catch (cause) {
        fault(cause instanceof Error ? cause.message : String(cause));
      }
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  const seconds = Math.round((performance.now() - began) / 1000);
  const late = memory(pid);
  console.log(
    [
      `seed ${seed}, ${seconds} s`,
      ...tally.lines(),
      `  the daemon's memory: ${early} MB after a fifth, ${late} MB at the end`,
    ].join("\n"),
  );
  assert.deepStrictEqual(faults, []);
  assert.strictEqual(world.box.daemonPid(), pid, "the daemon is another");
  assert.isBelow(late - early, mostGrowth, "the daemon's memory grows");
  assert.deepStrictEqual(defects(world), []);
  const client = await world.box.client();
  const differing = (await client.events.rebuild({})).filter(({ equal }) => !equal);
  assert.deepStrictEqual(differing, [], "replay is not what was live");
  return tally;
};

/** Of the daemon, in MB. */
const memory = (pid: number | undefined): number =>
  Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);

/** What the daemon logged as an error, wherever it happened. */
const defects = (world: World): ReadonlyArray<string> => {
  const folder = join(world.box.home, "logs");
  return readdirSync(folder)
    .filter((name) => name.startsWith("daemon."))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => /"level":"(ERROR|FATAL)"/i.test(line) || /^\S*Error: /.test(line))
    .map((line) => line.slice(0, 1000));
};
