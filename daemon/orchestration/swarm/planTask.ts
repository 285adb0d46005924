/** Has a planner turn a task into a plan: a program that reads the task on standard input and prints JSON. */
import { randomBytes } from "node:crypto";
import { Effect } from "effect";
import { InvalidInput, ProcessError } from "../../../shared/contract/errors.ts";
import { DataFolder } from "../../platform/DataFolder.ts";
import { environment, Processes } from "../../platform/Processes.ts";
import { ownMarker } from "../../platform/strays.ts";
import { agentFault, parseAgentSpec } from "../agents/agentSpec.ts";
import { inspectSupported } from "./UserRepository.ts";

const timeoutMs = 5 * 60 * 1000;
const maxPlan = 4 * 1024 * 1024;

export const planTask = Effect.fn("planTask")(function* (request: {
  readonly project: string;
  readonly task: string;
  readonly planner: string;
  readonly maxSubtasks?: number;
}) {
  const user = yield* inspectSupported(request.project);
  const processes = yield* Processes;
  const { cloneId } = yield* DataFolder;
  const spec = parseAgentSpec(request.planner);
  const fault = agentFault(request.planner, user.root, environment().PATH ?? "")?.replaceAll(
    "agent",
    "planner",
  );
  if (typeof spec === "string" || fault !== undefined) {
    return yield* new InvalidInput({ message: `The planner can't run: ${fault ?? spec}.` });
  }
  const chunks: Array<Buffer> = [];
  let size = 0;
  const result = yield* processes.run({
    argv: spec.argv,
    cwd: user.root,
    env: {
      ...environment(),
      ...(request.maxSubtasks === undefined ? {} : { OCVIBE_MAX_SUBTASKS: String(request.maxSubtasks) }),
    },
    marker: ownMarker(cloneId, `plan.${randomBytes(8).toString("hex")}`),
    stdin: request.task,
    timeoutMs,
    onStdout: (chunk) => {
      size += chunk.length;
      if (size <= maxPlan) chunks.push(chunk);
    },
  });
  if (result.timedOut || result.exitCode !== 0) {
    const how = result.timedOut
      ? `took longer than ${timeoutMs / 60_000} minutes`
      : `ended with exit code ${result.exitCode}`;
    return yield* new ProcessError({
      message: `The planner ${request.planner} ${how}. Mend it, or write the plan yourself and give --plan FILE. It last printed: ${result.tail.trim().slice(-500) || "nothing"}`,
    });
  }
  if (size > maxPlan)
    return yield* new ProcessError({
      message: `The planner ${request.planner} printed more than ${maxPlan / 1024 / 1024} MB, which can't be a plan. Have it print nothing but the plan on standard output.`,
    });
  return { text: Buffer.concat(chunks).toString("utf8") };
});
