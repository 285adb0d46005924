/**
 * What becomes of a subtask whose program can't be started. One that is to be found on the machine is waited for, without
 * an attempt and without a strike, until somebody has to look. One of the repository's own will not come by waiting.
 */
import { Effect } from "effect";
import type { SubtaskState } from "../../../shared/contract/swarmState.ts";
import { environment } from "../../platform/Processes.ts";
import { type AgentSpec, agentFault, isOfCheckout, parseAgentSpec } from "../agents/agentSpec.ts";
import { StartBreaker } from "../agents/StartBreaker.ts";
import type { SwarmRun } from "./SwarmRun.ts";

/** Returns when the subtask's program may be started, or with a sentence when that is given up. */
export const whenStartable = Effect.fn("whenStartable")(function* (run: SwarmRun, subtask: SubtaskState) {
  const breaker = yield* StartBreaker;
  const program = programOf(subtask);
  if (program === undefined) return undefined;
  for (;;) {
    const open = yield* breaker.look(program);
    if (open !== undefined) {
      const seconds = Math.ceil(open.retryMs / 1000);
      run.progress(subtask.id, `${open.message} It is tried again in ${seconds} s.`);
      yield* Effect.logWarning("an agent can't be started", { why: open.message, retryMs: open.retryMs });
      yield* Effect.sleep(open.retryMs);
    }
    const fault = agentFault(subtask.agent, run.project.root, environment().PATH ?? "");
    if (fault === undefined) return undefined;
    const message = `${fault[0]?.toUpperCase()}${fault.slice(1)}.`;
    yield* breaker.failed(program, message);
    if ((yield* breaker.look(program))?.giveUp === true) return message;
  }
});

/** To be told of each attempt that was made to start it; answers whether there is no use in another one. */
export const noteNotStarted = Effect.fn("noteNotStarted")(function* (subtask: SubtaskState, message: string) {
  const breaker = yield* StartBreaker;
  const program = programOf(subtask);
  if (program === undefined) return true;
  yield* breaker.failed(program, message);
  return (yield* breaker.look(program))?.giveUp === true;
});

export const noteStarted = Effect.fn("noteStarted")(function* (subtask: SubtaskState) {
  const program = programOf(subtask);
  if (program !== undefined) yield* (yield* StartBreaker).started(program);
});

/** Undefined for one of the repository's own. */
const programOf = (subtask: SubtaskState): string | undefined => {
  const spec: AgentSpec | string = parseAgentSpec(subtask.agent);
  return typeof spec === "string" || isOfCheckout(spec) ? undefined : spec.argv[0];
};
