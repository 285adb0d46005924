/**
 * The *Landing* view of one project, as rows: what swarms made, with what the gate says of it, down to the files.
 * Epic → cell → file; what can be landed now comes first, what landed last.
 */
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { timeOfDay } from "../../text/timeOfDay.ts";
import { cellState } from "../hive/cellState.ts";
import { cellWords } from "../hive/cellWords.ts";
import { part, type Row } from "../Row.ts";
import { type ChangedFile, cellRow } from "./cellRow.ts";
import { targetName } from "./targetName.ts";
import { verdictOf } from "./verdictOf.ts";

export interface LandingFacts {
  /** The common git directory. */
  readonly project: string;
  readonly swarms: ReadonlyMap<string, SwarmView>;
  /** The files of those cells that were opened, by `filesKey`; a text says why they are not known. */
  readonly files: ReadonlyMap<string, ReadonlyArray<ChangedFile> | string>;
  readonly conflicts: ReadonlyMap<string, ReadonlyArray<string>>;
  readonly now: Date;
}

/** Those landed or reverted that are shown. */
const mostOver = 20;
const asks = "list.warningForeground";

export const landingRows = (facts: LandingFacts): ReadonlyArray<Row> => {
  const shown = [...facts.swarms.values()].filter(isShown).sort(byUrgency);
  const over = shown.filter(({ status }) => rank(status) >= rank("landed"));
  const hidden = new Set(over.slice(mostOver).map(({ epic }) => epic));
  return shown.filter(({ epic }) => !hidden.has(epic)).map((swarm) => epicRow(facts, swarm));
};

/** Something was made that can be looked at, and was not thrown away. */
const isShown = ({ status, subtasks }: SwarmView): boolean =>
  status !== "cancelled" && status !== "discarded" && subtasks.some(hasWork);

const hasWork = ({ status, refusals }: SubtaskView): boolean =>
  status === "merged" ||
  status === "merging" ||
  status === "needs-you" ||
  status === "gate" ||
  refusals.length > 0;

const ranks: Readonly<Record<SwarmView["status"], number>> = {
  ready: 0,
  "needs-you": 1,
  blocked: 2,
  landing: 3,
  reverting: 3,
  interrupted: 4,
  paused: 4,
  running: 4,
  landed: 5,
  reverted: 6,
  cancelled: 7,
  discarded: 7,
};
const rank = (status: SwarmView["status"]): number => ranks[status];

const byUrgency = (left: SwarmView, right: SwarmView): number => {
  const urgency = rank(left.status) - rank(right.status);
  if (urgency !== 0) return urgency;
  const [earlier, later] = [left.endedAt ?? left.startedAt, right.endedAt ?? right.startedAt];
  return earlier < later ? 1 : earlier > later ? -1 : left.epic < right.epic ? -1 : 1;
};

const epicRow = (facts: LandingFacts, swarm: SwarmView): Row => {
  const { project, now, conflicts } = facts;
  const { epic, status, endedAt, refusal } = swarm;
  const state = cellState({ id: epic, cell: undefined, swarm, subtask: undefined });
  const verdict = verdictOf(swarm);
  const inTheWay = [...new Set(swarm.subtasks.flatMap(({ id }) => conflicts.get(id) ?? []))];
  const title = asPlainText(swarm.title, 100);
  const when = endedAt === null ? [] : [timeOfDay(endedAt, now)];
  return {
    ref: { id: epicId(project, epic), kind: "epic", project, epic, cell: epic },
    label: title,
    description: [state.word, ...when, verdict.word].join(" · "),
    icon: state.icon,
    ...(state.colour === undefined ? {} : { colour: state.colour }),
    tooltip: [
      title,
      `${asPlainText(epic, 40)} · ${state.word}`,
      t("Lands on {0}", targetName(swarm)),
      verdict.sentence,
    ],
    words: cellWords({ id: epic, cell: undefined, swarm, subtask: undefined }),
    open: status === "ready" || status === "needs-you" || status === "blocked",
    children: [
      ...refusalRow(project, epic, refusal),
      ...dirtyRow(project, epic, inTheWay),
      ...checkRows(project, swarm),
      ...swarm.subtasks.filter(hasWork).map((subtask) => cellRow(project, facts.files, swarm, subtask)),
    ],
  };
};

const epicId = (project: string, epic: string): string => `epic/${part(project)}/${part(epic)}`;

const refusalRow = (project: string, epic: string, refusal: SwarmView["refusal"]): ReadonlyArray<Row> =>
  refusal === null
    ? []
    : [
        {
          ref: { id: `refusal/${part(project)}/${part(epic)}`, kind: "refusal", project, epic },
          label: asPlainText(refusal.message, 200),
          icon: "warning",
          colour: asks,
          tooltip: [
            asPlainText(refusal.message),
            ...refusal.paths.slice(0, 20).map((path) => asPlainText(path, 200)),
          ],
        },
      ];

const dirtyRow = (project: string, epic: string, paths: ReadonlyArray<string>): ReadonlyArray<Row> =>
  paths.length === 0
    ? []
    : [
        {
          ref: { id: `dirty/${part(project)}/${part(epic)}`, kind: "dirty", project, epic },
          label: t("Meets your uncommitted changes"),
          description: paths
            .slice(0, 3)
            .map((path) => asPlainText(path, 100))
            .join(", "),
          icon: "warning",
          colour: asks,
          tooltip: [
            t("Commit or stash your changes in these files before landing."),
            ...paths.slice(0, 20).map((path) => asPlainText(path, 200)),
          ],
        },
      ];

/** What each check said of the merged whole. */
const checkRows = (project: string, { epic, results }: SwarmView): ReadonlyArray<Row> =>
  results.map(({ name, passed, output, durationMs }) => ({
    ref: { id: `check/${part(project)}/${part(epic)}/${part(name)}`, kind: "check", project, epic },
    label: asPlainText(name, 60),
    description: passed ? t("passed in {0} s", (durationMs / 1000).toFixed(1)) : t("failed"),
    icon: passed ? "pass" : "error",
    colour: passed ? "testing.iconPassed" : "testing.iconFailed",
    tooltip: lastLines(output),
  }));

const lastLines = (output: string): ReadonlyArray<string> =>
  output
    .trimEnd()
    .split(/\r?\n/)
    .slice(-15)
    .map((line) => asPlainText(line, 200));
