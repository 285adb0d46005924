/** Sets variables of this process's environment for the time of an effect. */
import { Effect } from "effect";

export const withVariables = <A, E, R>(
  variables: Readonly<Record<string, string>>,
  run: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
      Object.assign(process.env, variables);
      return before;
    }),
    () => run,
    (before) =>
      Effect.sync(() => {
        for (const [name, value] of before) {
          if (value === undefined) delete process.env[name];
          else process.env[name] = value;
        }
      }),
  );
