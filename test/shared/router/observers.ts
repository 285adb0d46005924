/** Two routes, middleware that keeps notes, and what became of calls and streams: for the tests of middleware. */
import { assert } from "@effect/vitest";
import { Cause, Effect, Exit, Option, Schema } from "effect";
import type { Middleware } from "../../../shared/router/Middleware.ts";
import { o } from "../../../shared/router/o.ts";
import { Refused } from "./notes.ts";

export const Empty = Schema.Struct({});
export const call = o({ access: "owner" }).input(Empty).output(Schema.String);
export const stream = o({ access: "owner", stream: true }).input(Empty).output(Schema.Int);
export const no = new Refused({ message: "no", kind: "no" });

/** Middleware that writes down when it is entered and how it is left. */
export const observers = () => {
  const lines: Array<string> = [];
  const note =
    (name: string): Middleware =>
    ({ path }, next) =>
      Effect.suspend(() => {
        lines.push(`${name} > ${path}`);
        return Effect.onExit(next(), (exit) => Effect.sync(() => lines.push(`${name} < ${outcome(exit)}`)));
      });
  return { lines, note };
};

export const outcome = (exit: Exit.Exit<unknown, unknown>) => {
  if (Exit.isSuccess(exit)) return String(exit.value);
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted";
  const error = Cause.squash(exit.cause);
  return `${Option.isSome(Cause.findErrorOption(exit.cause)) ? "failed" : "died"}: ${(error as Error).message}`;
};

export const collect = async <A>(items: AsyncIterable<{ readonly data: A }>) => {
  const all: Array<A> = [];
  for await (const { data } of items) all.push(data);
  return all;
};

export const rejected = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    (value) => assert.fail(`succeeded with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
