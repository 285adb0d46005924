/** The person has something that landed taken back: approved for exactly the commit that was shown. */
import { Effect } from "effect";
import { NotNow } from "../../../shared/contract/errors.ts";
import { decide, inTurn, openSwarm, refuseLanding, type Which } from "./decision.ts";
import { swarmStream } from "./SwarmLog.ts";
import { Swarms } from "./Swarms.ts";

interface RevertChoice extends Which {
  /** What landed, as the person saw it. */
  readonly commit: string;
}

/** The answer comes when it is over: the view's status is `reverted`, or its refusal says why not. */
export const approveRevert = Effect.fn("approveRevert")(function* (which: RevertChoice) {
  const swarms = yield* Swarms;
  const project = yield* inTurn(which.epic, approve(which));
  yield* swarms.awaitEnd(which.epic);
  return yield* swarms.view(project, which.epic);
});

const approve = Effect.fnUntraced(function* ({ commit, ...which }: RevertChoice) {
  const { epic } = which;
  const { project, log, swarms } = yield* openSwarm(which);
  yield* refuseLanding(log);
  const { status, landing } = log.epic();
  if (status === "reverted") return yield* new NotNow({ message: `${epic} was taken back already.` });
  if (status !== "landed" || landing === undefined) {
    return yield* new NotNow({ message: `${epic} has not landed, so there is nothing to take back.` });
  }
  if (landing.new !== commit) {
    return yield* new NotNow({
      message: `What landed is ${landing.new.slice(0, 10)}, not ${commit.slice(0, 10)}. Look at it, and revert that.`,
    });
  }
  yield* decide(log, [{ stream: swarmStream(epic), type: "revert_approved", data: { epic, commit } }]);
  yield* swarms.launch(Effect.succeed(project), epic);
  return project.id;
}, Effect.scoped);
