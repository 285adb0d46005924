/** The plan's text: from a file, or from the planner that the person named. */
import { readFile } from "node:fs/promises";
import { Effect, Option } from "effect";
import { InvalidInput, InvalidPlan } from "../../shared/contract/errors.ts";
import { omitUndefined } from "./omitUndefined.ts";
import type { Session } from "./Session.ts";

export interface PlanSource {
  readonly plan: Option.Option<string>;
  readonly task: Option.Option<string>;
  readonly planner: Option.Option<string>;
  readonly maxSubtasks: Option.Option<number>;
}

export const obtainPlan = Effect.fn("obtainPlan")(function* (session: Session, source: PlanSource) {
  if (Option.isSome(source.plan)) {
    const file = source.plan.value;
    return yield* Effect.tryPromise({
      try: () => readFile(file, "utf8"),
      catch: (cause) =>
        new InvalidInput({
          message: `The plan ${file} can't be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)}). Give the path of a JSON file.`,
        }),
    });
  }
  if (Option.isNone(source.task)) {
    return yield* new InvalidInput({
      message:
        "There is nothing to start: give a plan with --plan FILE, or a task in quotes with --planner command:PROG.",
    });
  }
  if (Option.isNone(source.planner)) {
    return yield* new InvalidInput({
      message:
        "A task needs a planner: add --planner command:PROG, a program that reads the task and prints a plan, or write the plan yourself and give --plan FILE.",
    });
  }
  session.say("Planning…");
  const request = omitUndefined({
    project: session.project,
    task: source.task.value,
    planner: source.planner.value,
    maxSubtasks: Option.getOrUndefined(source.maxSubtasks),
  });
  const { text } = yield* session.ask((client, signal) => client.swarm.plan(request, { signal }));
  return text;
});

/** The daemon knows the text only; the person is told which file, or whose text, it was. */
export const namingSource = (error: InvalidPlan, { plan, planner }: PlanSource): InvalidPlan => {
  const source = Option.getOrElse(
    plan,
    () => `that ${Option.getOrElse(planner, () => "the planner")} printed`,
  );
  return new InvalidPlan({
    message: error.message.replace(/^The plan\b/, () => `The plan ${source}`),
    faults: error.faults,
  });
};
