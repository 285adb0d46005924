/** One line of the tree: what a cell's node shows, as plain values that can be compared. */
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { type CellState, cellState, isAtWork, unmergedBefore } from "./cellState.ts";
import { cellWords } from "./cellWords.ts";
import { elapsed } from "./elapsed.ts";
import { type HiveEntry, isOver } from "./hiveTree.ts";

export interface HiveItem {
  readonly label: string;
  readonly description: string;
  readonly icon: string;
  readonly colour: string | undefined;
  /** What may be done with it; package.json's `viewItem`. */
  readonly words: string;
  /** Whether there is something below it. */
  readonly parent: boolean;
  /** Shown open at first. */
  readonly open: boolean;
  /** What a screen reader says. */
  readonly spoken: string;
  /** Differs when what only the tooltip shows is another. */
  readonly hint: string;
}

export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The last line that the cell's agent printed. */
  readonly line?: string | undefined;
  /** It has cells below it that are shown. */
  readonly parent: boolean;
}

export const cellItem = (entry: HiveEntry, moment: Moment): HiveItem => {
  const { cell, swarm, subtask } = entry;
  const label = titleOf(entry);
  const state = cellState(entry);
  const details = detailsOf(entry, state, moment);
  return {
    label,
    description: details.join(" · "),
    icon: state.icon,
    colour: state.colour,
    words: cellWords(entry),
    parent: moment.parent,
    open: swarm !== undefined && subtask === undefined && !isOver(swarm),
    spoken: [label, ...details].join(", "),
    hint: [
      cell?.fields.updated_at,
      cell?.waiting_for.join(),
      subtask?.attempts,
      subtask?.findings.map(({ message }) => message).join(),
      subtask === undefined ? swarm?.refusal?.message : undefined,
      subtask === undefined ? swarm?.problem : undefined,
    ].join("\n"),
  };
};

export const titleOf = ({ id, cell, swarm, subtask }: HiveEntry): string =>
  asPlainText(cell?.title || (subtask === undefined ? swarm?.title : subtask.title) || id, 200);

const detailsOf = (entry: HiveEntry, { word }: CellState, moment: Moment): ReadonlyArray<string> => {
  const { id, cell, swarm, subtask } = entry;
  const given = [word];
  if (swarm === undefined) {
    const assignee = cell?.fields.assignee;
    if (typeof assignee === "string" && assignee !== "") given.push(asPlainText(assignee, 60));
    return [...given, asPlainText(id, 80)];
  }
  if (subtask === undefined) {
    const merged = swarm.subtasks.filter(({ status }) => status === "merged").length;
    const taken = elapsed(swarm.startedAt, swarm.endedAt ?? moment.now);
    return [`${merged}/${swarm.subtasks.length}`, ...given, taken, asPlainText(id, 80)];
  }
  const before = subtask.status === "waiting" ? unmergedBefore(swarm, subtask) : [];
  if (before.length > 0)
    return [
      before.length === 1
        ? t("after {0}", asPlainText(before[0]!.title, 60))
        : t("after {0} others", before.length),
    ];
  if (subtask.agent !== null) given.push(asPlainText(subtask.agent, 60));
  // The time of one that waits for its next attempt says nothing.
  if (subtask.startedAt !== null && (isAtWork(subtask) || subtask.endedAt !== null))
    given.push(elapsed(subtask.startedAt, subtask.endedAt ?? moment.now));
  if (isAtWork(subtask) && moment.line !== undefined) {
    const line = asPlainText(moment.line, 120);
    if (line !== "") given.push(line);
  }
  return given;
};

export const sameItem = (left: HiveItem, right: HiveItem): boolean =>
  keys.every((key) => left[key] === right[key]);

const keys = [
  "label",
  "description",
  "icon",
  "colour",
  "words",
  "parent",
  "spoken",
  "hint",
] as const satisfies ReadonlyArray<keyof HiveItem>;
