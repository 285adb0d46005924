/**
 * The person's yes to what would run: first to the repository's own commands, by their exact text, then to the
 * plan. Without a terminal both must have been given as flags.
 */
import { Effect, Option } from "effect";
import { ChecksNotApproved, InvalidInput } from "../../shared/contract/errors.ts";
import type { Proposal } from "../../shared/contract/swarmRoutes.ts";
import { checkLines } from "./render/renderPlan.ts";
import { count, listed } from "./render/text.ts";
import type { Session } from "./Session.ts";
import { SilentExit } from "./SilentExit.ts";

export interface GivenApprovals {
  readonly yes: boolean;
  readonly allowChecks: boolean;
  readonly maxSubtasks: Option.Option<number>;
}

export const approvePlan = Effect.fn("approvePlan")(function* (
  session: Session,
  proposal: Proposal,
  given: GivenApprovals,
) {
  const { project, screen } = session;
  yield* refuseTooMany(proposal, given);
  const commands = [...proposal.checks, ...(proposal.setup === undefined ? [] : [proposal.setup])];
  const open = commands.filter((entry) => !entry.approved).map((entry) => entry.check);
  if (!given.yes && !session.interactive) {
    return yield* new InvalidInput({
      message: `Starting needs your yes, and there is no terminal to ask on: look at the plan, then add --yes${open.length > 0 && !given.allowChecks ? " and --allow-checks" : ""}.`,
    });
  }
  if (open.length > 0 && !given.allowChecks) {
    if (!session.interactive) {
      return yield* new ChecksNotApproved({
        message: `The repository's own commands run only after you approved their exact text (${listed(open.map((check) => check.name))}). Read them, then add --allow-checks.`,
        checks: open,
      });
    }
    session.say("");
    session.say("These commands come from the repository and would run on this machine, as you:");
    for (const line of open.flatMap(checkLines)) session.say(line);
    if (!(yield* screen.ask("Allow exactly these?"))) return yield* notStarted(session);
  }
  if (!given.yes) {
    session.say("");
    if (!(yield* screen.ask("Start?"))) return yield* notStarted(session);
  }
  if (open.length > 0) {
    const hashes = open.map((check) => check.hash);
    yield* session.ask((client, signal) =>
      client.swarm.approveChecks({ project, hashes, base: proposal.base }, { signal }),
    );
  }
});

export const nothingStarted = "Nothing was started, and nothing was changed.";

const notStarted = (session: Session) => {
  session.say(nothingStarted);
  return new SilentExit({ code: 1 });
};

const refuseTooMany = Effect.fnUntraced(function* (proposal: Proposal, given: GivenApprovals) {
  const amount = proposal.plan.subtasks.length;
  if (Option.isSome(given.maxSubtasks) && amount > given.maxSubtasks.value) {
    return yield* new InvalidInput({
      message: `The plan has ${count(amount, "subtask")}, and --max-subtasks allows ${given.maxSubtasks.value}. Allow more, or plan fewer.`,
    });
  }
});
