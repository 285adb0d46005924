/** Runs the checks on the commit that the swarm would start from: what is red already must be known first. */
import { Effect } from "effect";
import { BaseRed, InvalidInput } from "../../shared/contract/errors.ts";
import type { Proposal } from "../../shared/contract/swarmRoutes.ts";
import type { Session } from "./Session.ts";

export interface Waivers {
  readonly waive: ReadonlyArray<string>;
  readonly land: boolean;
  readonly landUnchecked: boolean;
}

export const checkBase = Effect.fn("checkBase")(function* (
  session: Session,
  proposal: Proposal,
  given: Waivers,
) {
  const names = proposal.checks.map(({ check }) => check.name);
  const unknown = given.waive.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return yield* new InvalidInput({
      message: `There is no check "${unknown}" to waive; ${names.length === 0 ? "this project has none" : `there are: ${names.join(", ")}`}.`,
    });
  }
  if (names.length === 0) {
    if (!given.land || given.landUnchecked) return;
    return yield* new InvalidInput({
      message:
        "This project has no checks, so nothing would judge the work before it lands: add --land-unchecked too, or leave --land away and look at the work first.",
    });
  }
  session.say("Checking that the base is green…");
  const { results } = yield* session.ask((client, signal) =>
    client.swarm.checkBase({ project: session.project, base: proposal.base }, { signal }),
  );
  const red = results.filter((result) => !result.passed && !given.waive.includes(result.name));
  if (red.length === 0) return;
  const setup = red.find(({ name }) => name === proposal.setup?.check.name && !names.includes(name));
  if (setup !== undefined) {
    return yield* new BaseRed({
      message: `The setup command "${setup.name}" fails on the base, so no check could run. Mend it, and start again.`,
      results: red,
    });
  }
  const waivers = red.map(({ name }) => `--waive ${/\s/.test(name) ? `"${name}"` : name}`).join(" ");
  const which = red.map(({ name }) => `"${name}"`).join(", ");
  return yield* new BaseRed({
    message: `Before any agent began, ${red.length === 1 ? "this check fails" : "these checks fail"} on the base: ${which}. Mend that first, or accept it with ${waivers}.`,
    results: red,
  });
});
