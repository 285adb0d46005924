/**
 * A sanctioned fault point: in test builds, `OCVIBE_FAULT=<name>[:<n>]` kills this process at the n-th passage
 * of that point (the first unless said), as `kill -9` would. It aims a kill between an effect outside the store
 * and its done event. Builds for users do not contain it.
 */
import { Effect } from "effect";

declare const OCVIBE_TEST_BUILD: boolean;

const passages = new Map<string, number>();

export const faultPoint = (name: string): Effect.Effect<void> =>
  typeof OCVIBE_TEST_BUILD !== "undefined" && OCVIBE_TEST_BUILD ? Effect.sync(() => pass(name)) : Effect.void;

const pass = (name: string) => {
  const [wanted, count = "1"] = (process.env.OCVIBE_FAULT ?? "").split(":");
  if (wanted !== name) return;
  const passage = (passages.get(name) ?? 0) + 1;
  passages.set(name, passage);
  if (passage === Number(count)) process.kill(process.pid, "SIGKILL");
};
