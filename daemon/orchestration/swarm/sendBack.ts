/**
 * The person looked at merged work and wants it otherwise. A subtask of its own changes it, on top of everything that
 * is merged: it may touch what the work it is about may touch, and is told the person's words. What the gate holds is
 * not merged, and is rejected with these words instead.
 */
import { Effect } from "effect";
import { InvalidInput, NotFound, NotNow } from "../../../shared/contract/errors.ts";
import type { SwarmCell } from "../../../shared/contract/events.ts";
import type { Finding } from "../../../shared/contract/gate.ts";
import { matches } from "../../../shared/contract/pattern.ts";
import type { LineComment } from "../../../shared/contract/swarmRoutes.ts";
import { Hive } from "../../coordination/hive/Hive.ts";
import { answerGate } from "./decideSwarm.ts";
import { decide, inTurn, openSwarm, refuseLanding, refuseOver, type Which } from "./decision.ts";
import { parseLease } from "./examine.ts";
import { mayLand } from "./hasWork.ts";
import type { OpenProject } from "./Projects.ts";
import { type SwarmLog, swarmStream } from "./SwarmLog.ts";
import { sentence } from "./subtaskPrompt.ts";

interface Returned extends Which {
  /** The work that it is about; all of the epic's when none is named. */
  readonly cell?: string;
  readonly text?: string;
  readonly comments: ReadonlyArray<LineComment>;
}

export const sendBack = Effect.fn("sendBack")(function* (request: Returned) {
  const findings = findingsOf(request);
  if (findings.length === 0) {
    return yield* new InvalidInput({ message: "Say what is to be otherwise: a text, or comments on lines." });
  }
  const view = yield* inTurn(request.epic, addRework(request, findings));
  if (view !== "held") return view;
  const text = findings.map(sentence).join("\n");
  return yield* answerGate({ project: request.project, cell: request.cell!, accept: false, text });
});

const addRework = Effect.fnUntraced(function* (request: Returned, findings: ReadonlyArray<Finding>) {
  const { epic, cell } = request;
  const { project, log, swarms } = yield* openSwarm(request);
  yield* refuseOver(log, "sent back");
  yield* refuseLanding(log);
  if (cell !== undefined && log.state().subtasks.get(cell)?.phase === "held") return "held" as const;
  const { status, head, title: goal } = log.epic();
  if (status === "ready" && swarms.isLive(epic) && mayLand(log.epic())) {
    return yield* new NotNow({ message: `${epic} is about to land. \`status\` says whether it has.` });
  }
  const concerned = yield* workOf(log, request);
  const files = [...new Set(concerned.flatMap((subtask) => subtask.files))];
  yield* refuseElsewhere(project, files, request.comments);
  const only = concerned.length === 1 ? concerned[0]! : undefined;
  const title = `Rework: ${(only?.title ?? goal).replace(/^(Rework: )+/, "")}`;
  const description = only?.description === undefined ? {} : { description: only.description };
  const hive = yield* Hive;
  const { id, events } = yield* hive.planChild(log.origin("person"), epic, { title, ...description });
  const { agent } = concerned.at(-1)!;
  const rework: SwarmCell = { id, title, ...description, files, dependencies: [], agent, asked: findings };
  const stream = swarmStream(epic);
  const of = concerned.map((subtask) => subtask.id);
  yield* decide(log, [
    ...events,
    { stream, type: "work_sent_back", data: { epic, head, cell: id, of, findings } },
    { stream, type: "subtask_added", data: { epic, cell: rework, findings } },
  ]);
  yield* swarms.launch(Effect.succeed(project), epic);
  return yield* swarms.view(project.id, epic);
}, Effect.scoped);

/** The merged subtasks that it is about: the one that was named, or those whose files were commented on, or all. */
const workOf = Effect.fnUntraced(function* (log: SwarmLog, { epic, cell, comments }: Returned) {
  const subtasks = log.epic().subtaskIds.map((id) => log.subtask(id));
  const reconciling = subtasks.find((subtask) => subtask.reconciles && subtask.phase !== "merged");
  if (reconciling !== undefined) {
    return yield* new NotNow({
      message: `${reconciling.id} brings ${epic} together with its target now; send work back when that is merged.`,
    });
  }
  if (cell !== undefined) {
    const named = subtasks.find((subtask) => subtask.id === cell);
    if (named === undefined) return yield* new NotFound({ message: `${epic} has no subtask ${cell}.` });
    if (named.phase === "merged") return [named];
    return yield* new NotNow({
      message:
        named.phase === "blocked"
          ? `${cell} is blocked: \`retry\` has it done again.`
          : `${cell} is not merged yet, so there is nothing to send back.`,
    });
  }
  if (log.epic().status !== "ready") {
    return yield* new NotNow({
      message: `${epic} is not ready yet. Name a merged subtask to send that one back.`,
    });
  }
  const paths = new Set(comments.map(({ path }) => path));
  const touched = subtasks.filter((subtask) => subtask.changed.some((path) => paths.has(path)));
  return touched.length === 0 ? subtasks : touched;
});

/** Nobody could follow a comment on a file that the work must not touch. */
const refuseElsewhere = (
  { user }: OpenProject,
  files: ReadonlyArray<string>,
  comments: ReadonlyArray<LineComment>,
) => {
  const patterns = parseLease(user, files);
  const elsewhere = comments.filter(({ path }) => !patterns.some((pattern) => matches(pattern, path)));
  if (elsewhere.length === 0) return Effect.void;
  const paths = [...new Set(elsewhere.map(({ path }) => path))].join(", ");
  return new InvalidInput({
    message: `${paths} is not among the files of the work you send back (${files.join(", ")}). Leave these comments out, or name the subtask they are about.`,
  });
};

const findingsOf = ({ text, comments }: Returned): ReadonlyArray<Finding> => [
  ...(text === undefined || text.trim() === "" ? [] : [{ kind: "sent-back" as const, message: text }]),
  ...comments.map((comment) => ({
    kind: "sent-back" as const,
    path: comment.path,
    line: comment.line,
    message: comment.text,
  })),
];
