/**
 * What a cell's tooltip says: why it does not begin yet, what it leans on, what was found in its work. As parts, each
 * of plain text: whoever shows them decides how, and nothing in them is ever read as markup.
 */
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { titleOf } from "./cellItem.ts";
import { cellState, unmergedBefore } from "./cellState.ts";
import { elapsed } from "./elapsed.ts";
import type { HiveEntry, HiveTree } from "./hiveTree.ts";

export type TooltipPart =
  | { readonly kind: "title" | "text"; readonly text: string }
  | { readonly kind: "fact"; readonly name: string; readonly text: string }
  | { readonly kind: "list"; readonly name: string; readonly items: ReadonlyArray<string> };

/** Items of a list that are shown; a tooltip is no place to scroll. */
const most = 8;

export const cellTooltip = (
  tree: HiveTree,
  entry: HiveEntry,
  moment: { readonly now: number },
): ReadonlyArray<TooltipPart> => {
  const { id, cell, swarm, subtask } = entry;
  const parts: Array<TooltipPart> = [
    { kind: "title", text: titleOf(entry) },
    fact(t("Cell"), asPlainText(id)),
    fact(t("State"), cellState(entry).word),
  ];
  const description = cell?.fields.description;
  if (typeof description === "string" && description.trim() !== "")
    parts.push({ kind: "text", text: asPlainText(description, 600) });
  if (swarm !== undefined)
    parts.push(...(subtask === undefined ? ofEpic(swarm, moment.now) : ofSubtask(entry, moment.now)));
  parts.push(...whyNotReady(entry), ...dependencies(tree, entry));
  if (subtask !== undefined) {
    parts.push(...list(t("Files"), subtask.files), ...list(t("Changed"), subtask.changed));
    parts.push(...list(t("Findings"), findings(subtask.findings)));
  }
  const { assignee, labels, close_reason: reason } = cell?.fields ?? {};
  if (typeof assignee === "string" && subtask === undefined)
    parts.push(fact(t("Assignee"), asPlainText(assignee)));
  if (Array.isArray(labels)) parts.push(...list(t("Labels"), labels.map(String)));
  if (typeof reason === "string") parts.push(fact(t("Closed because"), asPlainText(reason)));
  return parts;
};

type Swarm = NonNullable<HiveEntry["swarm"]>;

const ofEpic = (swarm: Swarm, now: number): ReadonlyArray<TooltipPart> => {
  const merged = swarm.subtasks.filter(({ status }) => status === "merged").length;
  return [
    fact(t("Merged"), t("{0} of {1}", merged, swarm.subtasks.length)),
    fact(t("Time"), elapsed(swarm.startedAt, swarm.endedAt ?? now)),
    ...(swarm.problem === null ? [] : [fact(t("Stopped"), asPlainText(swarm.problem))]),
    ...(swarm.refusal === null
      ? []
      : [
          fact(t("Refused"), asPlainText(swarm.refusal.message)),
          ...list(t("In the way"), swarm.refusal.paths),
        ]),
  ];
};

const ofSubtask = ({ subtask }: HiveEntry, now: number): ReadonlyArray<TooltipPart> => {
  const { agent, attempts, startedAt, endedAt } = subtask!;
  return [
    ...(agent === null ? [] : [fact(t("Agent"), asPlainText(agent))]),
    ...(attempts > 1 ? [fact(t("Attempts"), String(attempts))] : []),
    ...(startedAt === null ? [] : [fact(t("Time"), elapsed(startedAt, endedAt ?? now))]),
  ];
};

/** The swarm decides when its own subtasks begin; the hive's reasons are for the other cells. */
const whyNotReady = ({ cell, swarm, subtask }: HiveEntry): ReadonlyArray<TooltipPart> => {
  const name = t("Not ready");
  if (swarm === undefined)
    return cell === undefined || cell.status === "closed" ? [] : list(name, cell.waiting_for);
  if (subtask?.status !== "waiting") return [];
  const before = unmergedBefore(swarm, subtask).map(({ id, title }) =>
    t("it waits for {0}, {1}", id, asPlainText(title, 120)),
  );
  if (swarm.paused) before.push(t("the swarm is paused"));
  if (before.length === 0 && swarm.status === "running")
    before.push(t("it waits for its files, or for a free agent"));
  return list(name, before);
};

const dependencies = (tree: HiveTree, { cell, subtask }: HiveEntry): ReadonlyArray<TooltipPart> => {
  const named = (id: string) => {
    const other = tree.entries.get(id);
    return other === undefined ? id : `${id}, ${titleOf(other)} (${cellState(other).word})`;
  };
  const of = (type: string) =>
    (cell?.dependencies ?? []).filter((one) => one.type === type).map((one) => one.depends_on_id);
  const before = new Set([...(subtask?.dependencies ?? []), ...of("blocks")]);
  const others = (cell?.dependencies ?? [])
    .filter(({ type }) => type !== "blocks" && type !== "parent-child")
    .map((one) => one.depends_on_id);
  return [...list(t("Depends on"), [...before].map(named)), ...list(t("Related"), others.map(named))];
};

const findings = (all: NonNullable<HiveEntry["subtask"]>["findings"]): ReadonlyArray<string> =>
  all.map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`));

const fact = (name: string, text: string): TooltipPart => ({ kind: "fact", name, text });

const list = (name: string, items: ReadonlyArray<string>): ReadonlyArray<TooltipPart> => {
  if (items.length === 0) return [];
  const shown = items
    .slice(0, items.length <= most + 1 ? most + 1 : most)
    .map((item) => asPlainText(item, 200));
  const rest = items.length - shown.length;
  return [{ kind: "list", name, items: rest === 0 ? shown : [...shown, t("and {0} more", rest)] }];
};
