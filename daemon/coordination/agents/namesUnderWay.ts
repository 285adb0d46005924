/**
 * Whether a name was ever given is asked of the rows, since nobody keeps all names in memory; what is given between
 * that question and the decision is noticed here. It knows only the names that are being asked for now.
 */
import { Effect } from "effect";

interface Watched {
  count: number;
  given: boolean;
}

export const namesUnderWay = () => {
  const watched = new Map<string, Watched>();
  const keyOf = (project: string, name: string) => JSON.stringify([project, name]);

  return {
    /** Watches a name while `use` asks the rows for it and takes its decision. */
    watching: <A, E, R>(project: string, name: string, use: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const key = keyOf(project, name);
          const one = watched.get(key) ?? { count: 0, given: false };
          one.count += 1;
          watched.set(key, one);
          return { key, one };
        }),
        () => use,
        ({ key, one }) =>
          Effect.sync(() => {
            one.count -= 1;
            if (one.count === 0) watched.delete(key);
          }),
      ),
    wasGiven: (project: string, name: string): boolean => watched.get(keyOf(project, name))?.given === true,
    give: (project: string, name: string): void => {
      const one = watched.get(keyOf(project, name));
      if (one !== undefined) one.given = true;
    },
    /** After a transaction that failed: asks again for each name that is being watched. */
    recheck: <E>(exists: (project: string, name: string) => Effect.Effect<boolean, E>) =>
      Effect.gen(function* () {
        for (const [key, one] of watched) {
          const [project, name] = JSON.parse(key) as [string, string];
          one.given = yield* exists(project, name);
        }
      }),
  };
};
