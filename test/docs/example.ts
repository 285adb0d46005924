/**
 * An example of the documentation as a program: the body of one effect, on a store of its own, that kills itself
 * after a given statement. Its imports are meant from the root of the project.
 */

export interface Example {
  readonly page: string;
  /** The text of each statement at the top level. */
  readonly statements: ReadonlyArray<string>;
  /** The numbers that the table after the example tells about. */
  readonly told: ReadonlyArray<number>;
}

/** The examples of a page: blocks marked `ts example`, each followed by a table with a row for every statement. */
export const examplesOf = (page: string, text: string): ReadonlyArray<Example> =>
  text
    .split(/^```ts example\n/m)
    .slice(1)
    .map((rest) => {
      const [code = "", after = ""] = rest.split(/^```$/m, 2);
      const table = after.split(/^(?:#|```)/m)[0] ?? "";
      const told = [...table.matchAll(/^\| *(\d[\d ,to–-]*?) *\|/gm)].flatMap(([, lines = ""]) =>
        lines.split(",").flatMap((part) => {
          const [first = 0, last = first] = part.split(/to|-|–/).map(Number);
          return Array.from({ length: last - first + 1 }, (_, n) => first + n);
        }),
      );
      return { page, statements: statementsOf(code), told };
    });

/** A statement begins at column 0; what is indented, and a closing bracket, belong to the one above. */
const statementsOf = (code: string): ReadonlyArray<string> => {
  const statements: Array<string> = [];
  for (const line of code.split("\n")) {
    if (line === "" || line.startsWith("//")) continue;
    if (/^[\s})\]]/.test(line) && statements.length > 0) statements.push(`${statements.pop()}\n${line}`);
    else statements.push(line);
  }
  return statements;
};

/** `OCVIBE_EXAMPLE_KILL=n` kills it after its n-th statement; the store's file is its argument. */
export const programOf = ({ statements }: Example): string => `
import assert from "node:assert/strict";
import { Duration, Effect, Layer, Logger, Stream } from "effect";
import { Agents } from "./daemon/coordination/agents/Agents.ts";
import { Reservations } from "./daemon/coordination/reservations/Reservations.ts";
import { sqlLayer } from "./daemon/platform/Sql.ts";
import { AwakeClock } from "./daemon/primitives/AwakeClock.ts";
import { Cursor } from "./daemon/primitives/Cursor.ts";
import { Deferred } from "./daemon/primitives/Deferred.ts";
import { EventStore } from "./daemon/primitives/EventStore.ts";
import { Lock } from "./daemon/primitives/Lock.ts";
import { Mailbox } from "./daemon/primitives/Mailbox.ts";
import { projections, stateTables } from "./daemon/tables.ts";

const origin = { project: "docs", actor: "daemon" };
const killAfter = Number(process.env.OCVIBE_EXAMPLE_KILL);
const afterStatement = (n) => {
  if (n === killAfter) process.kill(process.pid, "SIGKILL");
};
const example = Effect.gen(function* () {
${statements.map((statement, index) => `${statement}\nafterStatement(${index + 1});`).join("\n")}
});
const store = EventStore.layer(projections, stateTables).pipe(
  Layer.provideMerge(AwakeClock.layer),
  Layer.provide(sqlLayer({ file: process.argv[2] })),
);
const primitives = Layer.mergeAll(Agents.layer, Cursor.layer, Lock.layer, Mailbox.layer, Reservations.layer).pipe(
  Layer.provideMerge(Deferred.layer),
  Layer.provideMerge(store),
);
await Effect.runPromise(example.pipe(Effect.provide(primitives), Effect.scoped, Effect.provide(Logger.layer([]))));
`;
