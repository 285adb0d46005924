/**
 * What a swarm did, told to somebody who did not watch: who did what in how many attempts, what was refused and
 * why, what is blocked.
 */
import type { Finding } from "../../../shared/contract/gate.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { standing, targetName, waitsFor } from "./names.ts";
import { clock, count, listed, type Paint, painter, plain, plainLines, shortCommit } from "./text.ts";

/** Lines of a failed check's output that are shown. */
const tail = 12;

export const renderSummary = (
  swarm: SwarmView,
  look: { readonly colour: boolean },
): ReadonlyArray<string> => {
  const paint = painter(look.colour);
  const total = swarm.subtasks.length;
  const merged = swarm.subtasks.filter((subtask) => subtask.status === "merged").length;
  return [
    renderOutcome(swarm, look),
    ...(merged === total ? [] : [`  ${merged} of ${count(total, "subtask")} merged.`]),
    ...swarm.subtasks.flatMap((subtask, index) => [
      `  ${mark(subtask, paint)} ${index + 1}. ${plain(subtask.title)}: ${fate(swarm, subtask)}`,
      ...subtask.refusals.flatMap((refusal) => refusalLines(refusal, paint)),
      // What the last attempt was refused for is told above already.
      ...(subtask.status === "needs-you"
        ? subtask.findings.flatMap((finding) => findingLines(finding, paint))
        : []),
    ]),
    ...(swarm.problem === null ? [] : [paint("red", `  It stopped: ${plain(swarm.problem)}`)]),
    ...refusalOf(swarm, paint),
  ];
};

/** What came of a landing, for somebody who has just read the summary. */
export const renderLanding = (
  swarm: SwarmView,
  look: { readonly colour: boolean },
): ReadonlyArray<string> => [renderOutcome(swarm, look), ...refusalOf(swarm, painter(look.colour))];

const refusalOf = (swarm: SwarmView, paint: Paint): ReadonlyArray<string> =>
  swarm.refusal === null
    ? []
    : [
        paint(
          "yellow",
          `  Not ${swarm.status === "landed" ? "taken back" : "landed"}: ${plain(swarm.refusal.message)}`,
        ),
      ];

/** One line: what became of it. */
const renderOutcome = (swarm: SwarmView, look: { readonly colour: boolean }): string => {
  const paint = painter(look.colour);
  const style = swarm.status === "ready" || swarm.status === "landed" ? "green" : "yellow";
  return `${paint("bold", plain(swarm.title))} (${swarm.epic}): ${paint(style, headline(swarm))}`;
};

const headline = (swarm: SwarmView): string => {
  if (swarm.status === "landed")
    return `landed on ${targetName(swarm)}, as ${shortCommit(swarm.head ?? swarm.base)}`;
  if (swarm.status === "ready")
    return `ready to land on ${targetName(swarm)}, as ${shortCommit(swarm.head ?? swarm.base)}`;
  return standing(swarm);
};

const mark = (subtask: SubtaskView, paint: Paint): string => {
  switch (subtask.status) {
    case "merged":
      return paint("green", "✓");
    case "blocked":
      return paint("red", "✗");
    case "needs-you":
      return paint("yellow", "?");
    default:
      return paint("dim", "·");
  }
};

const fate = (swarm: SwarmView, subtask: SubtaskView): string => {
  const by = subtask.agent ?? "no agent";
  const tries = count(subtask.attempts, "attempt");
  switch (subtask.status) {
    case "merged": {
      const took = clock(Date.parse(subtask.endedAt ?? "") - Date.parse(subtask.startedAt ?? ""));
      const what = subtask.changed.length === 0 ? "nothing to change" : listed(subtask.changed.map(plain));
      return `${by}, ${tries}, ${took}, ${what}`;
    }
    case "blocked":
      return `blocked after ${tries}`;
    case "needs-you":
      return `${by} changed what judges the work, so it waits for you (${subtask.id})`;
    case "waiting": {
      const before = waitsFor(swarm, subtask);
      return before.length > 0 ? `waits for ${before.join(", ")}` : "not started";
    }
    case "cancelled":
      return "cancelled";
    default:
      return `${by}, ${subtask.status}`;
  }
};

type Refusal = SubtaskView["refusals"][number];

const stages = { agent: "failed", cell: "was refused", merge: "was refused after merging" } as const;

const refusalLines = (refusal: Refusal, paint: Paint): ReadonlyArray<string> => [
  `      attempt ${refusal.attempt} (${refusal.agent}) ${stages[refusal.stage]}:`,
  ...refusal.findings.flatMap((finding) => findingLines(finding, paint)),
];

const findingLines = (finding: Finding, paint: Paint): ReadonlyArray<string> => {
  const [first = "", ...rest] = plainLines(finding.message);
  const shown = rest.filter((line) => line !== "").slice(-tail);
  return [`        ${paint("yellow", first)}`, ...shown.map((line) => paint("dim", `          ${line}`))];
};
