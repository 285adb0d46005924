/**
 * What comes when a swarm stops moving: the summary, the question whether to land, or the commands that go on
 * from here. Prints the last view with `--json`. Fails with `SwarmNotDone` when the work is not done.
 */
import { Effect } from "effect";
import { LandingRefused } from "../../shared/contract/errors.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { followSwarm } from "./followSwarm.ts";
import { notDone } from "./notDone.ts";
import { targetName } from "./render/names.ts";
import { renderLanding, renderSummary } from "./render/renderSummary.ts";
import { shortCommit } from "./render/text.ts";
import type { Session } from "./Session.ts";

export interface Conclusion {
  /** The landing was asked for already; not to have landed is a failure then. */
  readonly landing: boolean;
}

export const concludeSwarm = Effect.fn("concludeSwarm")(function* (
  session: Session,
  ended: SwarmView,
  { landing }: Conclusion,
) {
  session.say("");
  saySummary(session, ended);
  const last = landing || !session.interactive ? ended : yield* offerLanding(session, ended);
  if (session.json) session.print(last, []);
  else for (const line of nextSteps(session, last)) session.say(line);
  if (landing) return yield* failUnlessLanded(session, last);
  if (last.status !== "landed" && last.status !== "ready") return yield* notDone(session, last);
});

export const saySummary = (session: Session, swarm: SwarmView) => {
  const { colour } = session.screen;
  for (const line of renderSummary(swarm, { colour: colour && !session.json })) session.say(line);
  session.say("");
};

/** Asks until the person says no, or it is landed, or landing it again would change nothing. */
const offerLanding = Effect.fnUntraced(function* (session: Session, ready: SwarmView) {
  let swarm = ready;
  while (swarm.status === "ready") {
    const unchecked = swarm.checks.length === 0;
    if (unchecked) session.say("No check has judged this work. Look at it before you say yes.");
    const yes = yield* session.screen.ask(
      `Land ${shortCommit(swarm.head ?? swarm.base)} on ${targetName(swarm)}?`,
    );
    if (!yes) return swarm;
    const before = swarm.head;
    swarm = yield* landNow(session, swarm, unchecked);
    for (const line of renderLanding(swarm, session.screen)) session.say(line);
    if (swarm.head === before) return swarm;
  }
  return swarm;
});

/** Lands the head that this view shows, and follows what that may set going. */
export const landNow = Effect.fnUntraced(function* (session: Session, swarm: SwarmView, unchecked: boolean) {
  const { project } = session;
  const { epic } = swarm;
  const commit = swarm.head ?? swarm.base;
  const after = yield* session.ask((client, signal) =>
    client.swarm.land({ project, epic, commit, ...(unchecked ? { unchecked } : {}) }, { signal }),
  );
  return after.status === "running" || after.status === "landing"
    ? yield* followSwarm(session, after)
    : after;
});

/** Somebody asked for the landing: without it the command failed. */
export const failUnlessLanded = Effect.fnUntraced(function* (session: Session, swarm: SwarmView) {
  if (swarm.status === "landed") return;
  if (swarm.status === "ready" && swarm.refusal !== null) return yield* new LandingRefused(swarm.refusal);
  return yield* notDone(session, swarm);
});

/** The commands that make sense now. */
export const nextSteps = (session: Session, swarm: SwarmView): ReadonlyArray<string> => {
  const { epic } = swarm;
  const unchecked = swarm.checks.length === 0 ? ["--land-unchecked"] : [];
  switch (swarm.status) {
    case "ready":
      return [
        `  land it     ${session.command("land", epic, ...unchecked)}`,
        `  discard it  ${session.command("discard", epic)}`,
      ];
    case "needs-you":
      return swarm.subtasks
        .filter((subtask) => subtask.status === "needs-you")
        .flatMap(({ id }) => [
          `  take the change as it is  ${session.command("answer", id, "--accept")}`,
          `  have it done again        ${session.command("answer", id, "--reject", "--text", "why")}`,
        ]);
    case "interrupted":
    case "paused":
      return [
        `  go on       ${session.command("resume", epic)}`,
        `  cancel it   ${session.command("cancel", epic)}`,
      ];
    case "blocked":
      return [
        ...swarm.subtasks
          .filter((subtask) => subtask.status === "blocked")
          .map(({ id }) => `  try again   ${session.command("retry", id)}`),
        `  cancel it   ${session.command("cancel", epic)}`,
        `  discard it  ${session.command("discard", epic)}`,
      ];
    case "running":
    case "landing":
    case "reverting":
      return [`  watch it    ${session.command("status", epic, "--watch")}`];
    case "cancelled":
      return [`  discard it  ${session.command("discard", epic)}`];
    default:
      return [];
  }
};
