/**
 * The *Agents & leases* view of one project, as rows: what waits for the person, what happened meanwhile, each agent
 * with what it does and holds, and what is held by others. A pure function of what is known.
 */
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import { commandIds } from "../../commands/commandIds.ts";
import type { ProjectModel } from "../../project/ProjectModel.ts";
import { waitingKey, waitingText } from "../../questions/waitingText.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { timeOfDay } from "../../text/timeOfDay.ts";
import { cellWords } from "../hive/cellWords.ts";
import { type Waiting, waitsForYou } from "../hive/waitsForYou.ts";
import { part, type Row } from "../Row.ts";
import { agentActivity, workOf } from "./agentActivity.ts";
import { leaseRows, leasesOf } from "./leaseRows.ts";
import { otherHolders } from "./otherHolders.ts";
import type { Happening } from "./whileAway.ts";

export interface AgentsFacts {
  /** The common git directory. */
  readonly project: string;
  readonly model: ProjectModel;
  /** Changed files of the person's that a cell's work touches, by cell. */
  readonly conflicts: ReadonlyMap<string, ReadonlyArray<string>>;
  /** Since when the person was away, and what happened. */
  readonly away: { readonly since: string; readonly happenings: ReadonlyArray<Happening> } | undefined;
  readonly now: Date;
}

export const agentsRows = (facts: AgentsFacts): ReadonlyArray<Row> => {
  const { project, model } = facts;
  const agents = [...model.agents.values()].sort((left, right) =>
    left.registeredAt === right.registeredAt
      ? compare(left.name, right.name)
      : compare(left.registeredAt, right.registeredAt),
  );
  const paused: Row = {
    ref: { id: `paused/${part(project)}`, kind: "paused", project },
    label: t("Paused"),
    description: t("agents at work go on, no new ones are started"),
    icon: "debug-pause",
    colour: asks,
    words: "paused",
  };
  return [
    ...(model.paused ? [paused] : []),
    ...waitingRows(facts),
    ...awayRows(facts),
    ...agents.map((agent) => agentRow(facts, agent)),
    ...otherHolders(project, model, agents, facts.now),
  ];
};

const asks = "list.warningForeground";

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const waitingRows = ({ project, model }: AgentsFacts): ReadonlyArray<Row> => {
  const waiting = waitsForYou(model);
  if (waiting.length === 0) return [];
  return [
    {
      ref: { id: `waits/${part(project)}`, kind: "waits", project },
      label: t("Waits for you"),
      description: String(waiting.length),
      icon: "bell-dot",
      colour: asks,
      open: true,
      children: waiting.map((one) => waitingRow(project, model, one)),
    },
  ];
};

/** A click answers it. The words are those of the Hive view's nodes, so that both have the same menus. */
const waitingRow = (project: string, model: ProjectModel, waiting: Waiting): Row => {
  const { icon, label, detail } = waitingText(model, waiting);
  const { kind } = waiting;
  const about = kind === "question" ? { mail: waiting.message } : cellOf(waiting);
  return {
    ref: { id: `waits/${part(project)}/${part(waitingKey(waiting))}`, kind, project, ...about },
    label,
    description: detail,
    icon,
    tooltip: [label, detail],
    words: kind === "question" ? "mail" : wordsOf(model, waiting),
    click: commandIds.answerQuestion,
  };
};

type OfSwarm = Exclude<Waiting, { readonly kind: "question" }>;

/** What is about a swarm as a whole is about its epic's cell. */
const cellOf = (waiting: OfSwarm) => ({
  epic: waiting.epic,
  cell: "cell" in waiting ? waiting.cell : waiting.epic,
});

const wordsOf = (model: ProjectModel, waiting: OfSwarm): string => {
  const { epic, cell } = cellOf(waiting);
  const swarm = model.swarms.get(epic);
  const subtask = swarm?.subtasks.find(({ id }) => id === cell);
  return cellWords({ id: cell, cell: undefined, swarm, subtask });
};

const awayRows = ({ project, away, now }: AgentsFacts): ReadonlyArray<Row> => {
  if (away === undefined || away.happenings.length === 0) return [];
  const id = `away/${part(project)}`;
  return [
    {
      ref: { id, kind: "away", project },
      label: t("While you were away"),
      description: t("since {0}", timeOfDay(away.since, now)),
      icon: "history",
      words: "away",
      open: true,
      children: away.happenings.map(({ icon, text, ...names }, index) => ({
        ref: { id: `${id}/${index}`, kind: "happening", project, ...names },
        label: text,
        icon,
        tooltip: [text],
        ...(names.cell !== undefined || names.epic !== undefined ? { click: commandIds.showCell } : {}),
        ...(names.mail !== undefined ? { click: commandIds.answerQuestion } : {}),
      })),
    },
  ];
};

const agentRow = (facts: AgentsFacts, agent: AgentView): Row => {
  const { project, model, conflicts, now } = facts;
  const { name, cell, epic } = agent;
  const { icon, colour, text } = agentActivity(model, agent, now);
  const work = workOf(model, agent);
  const inTheWay = (work === undefined ? undefined : conflicts.get(work.subtask.id)) ?? [];
  const about = work === undefined ? [] : [asPlainText(work.subtask.id, 40)];
  const attempts = work?.subtask.attempts ?? 0;
  const names = { ...(cell === undefined ? {} : { cell }), ...(epic === undefined ? {} : { epic }) };
  return {
    ref: { id: `agent/${part(project)}/${part(name)}`, kind: "agent", project, agent: name, ...names },
    label: asPlainText(name, 80),
    // A closed row warns too. What matters most comes first: a side bar is narrow.
    description: [...meets(inTheWay), text, ...about].join(" · "),
    icon: inTheWay.length > 0 ? "warning" : icon,
    ...(inTheWay.length > 0 ? { colour: asks } : colour === undefined ? {} : { colour }),
    tooltip: [
      asPlainText(name, 80),
      text,
      ...(work === undefined ? [] : [asPlainText(work.subtask.title, 200)]),
      t("at work since {0}", timeOfDay(agent.registeredAt, now)),
      ...(attempts > 1 ? [t("attempt {0}", attempts)] : []),
    ],
    words:
      work === undefined ? "agent" : `agent subtask log diff${work.subtask.folder === null ? "" : " folder"}`,
    open: inTheWay.length > 0,
    children: [
      ...conflictRows(project, name, names, inTheWay),
      ...leaseRows(project, model, leasesOf(model, agent), now),
    ],
  };
};

const meets = ([first]: ReadonlyArray<string>): ReadonlyArray<string> =>
  first === undefined ? [] : [t("meets your changes in {0}", asPlainText(first, 80))];

const conflictRows = (
  project: string,
  agent: string,
  names: { readonly cell?: string; readonly epic?: string },
  paths: ReadonlyArray<string>,
): ReadonlyArray<Row> => {
  if (paths.length === 0) return [];
  const files = paths
    .slice(0, 3)
    .map((path) => asPlainText(path, 100))
    .join(", ");
  return [
    {
      ref: { id: `dirty/${part(project)}/${part(agent)}`, kind: "dirty", project, ...names },
      label: t("Meets your uncommitted changes"),
      description: paths.length > 3 ? t("{0} and {1} more", files, paths.length - 3) : files,
      icon: "warning",
      colour: asks,
      tooltip: [
        t(
          "You changed these files as well, and have not committed that. Landing will be refused until you have.",
        ),
        ...paths.slice(0, 20).map((path) => asPlainText(path, 200)),
      ],
      words: "diff",
      click: commandIds.showDiffNow,
    },
  ];
};
