/**
 * The *Agents & leases* view of one project, as rows: what waits for the person, what happened meanwhile, each agent
 * with what it does and holds, and what is held by others. A pure function of what is known.
 */
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { LeaseView } from "../../../shared/contract/reservationRoutes.ts";
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
import { isBehind, leaseRows, ticketRow } from "./leaseRows.ts";
import type { Happening } from "./whileAway.ts";

type Lease = typeof LeaseView.Type;

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
    ...heldByOthers(facts, agents),
    ...behindOthers(project, model),
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
    description: [...about, text].join(" · "),
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

/** A worker's files are its cell's: the cell holds them through gate and retries. */
const leasesOf = (model: ProjectModel, { name, cell }: AgentView): ReadonlyArray<Lease> =>
  [...model.leases.values()].filter(
    ({ holder }) => holder === name || (cell !== undefined && holder === cell),
  );

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

/** What no agent at work holds: the person's own, and files that wait with their epic or cell for what comes next. */
const heldByOthers = (facts: AgentsFacts, agents: ReadonlyArray<AgentView>): ReadonlyArray<Row> => {
  const { project, model, now } = facts;
  const shown = new Set(agents.flatMap((agent) => leasesOf(model, agent).map(({ lease }) => lease)));
  const groups = new Map<string, Array<Lease>>();
  for (const lease of model.leases.values()) {
    if (shown.has(lease.lease)) continue;
    const group = groups.get(lease.holder);
    if (group === undefined) groups.set(lease.holder, [lease]);
    else group.push(lease);
  }
  return [...groups]
    .sort(([left], [right]) => Number(right === "person") - Number(left === "person") || compare(left, right))
    .map(([holder, leases]) => {
      const { epic, cell } = leases[0]!;
      return {
        ref: {
          id: `holder/${part(project)}/${part(holder)}`,
          kind: "holder",
          project,
          ...(epic === undefined ? {} : { epic }),
          ...(cell === undefined ? {} : { cell }),
        },
        label: holder === "person" ? t("You") : titleOf(model, holder),
        description:
          leases.length === 1 ? t("holds 1 reservation") : t("holds {0} reservations", leases.length),
        icon: holder === "person" ? "account" : "lock",
        words: "holder",
        children: leaseRows(project, model, leases, now),
      };
    });
};

/** Who waits for others that wait themselves, and came first. */
const behindOthers = (project: string, { leases, queue }: ProjectModel): ReadonlyArray<Row> => {
  const held = [...leases.values()];
  return queue
    .filter((ticket) => !held.some((lease) => isBehind(ticket, lease)))
    .map((ticket) => ticketRow(project, undefined, ticket));
};

/** The title of an epic or cell that holds files, else the name as it is. */
const titleOf = (model: ProjectModel, holder: string): string => {
  const title = model.swarms.get(holder)?.title ?? model.cells.get(holder)?.title;
  return title === undefined
    ? asPlainText(holder, 80)
    : `${asPlainText(title, 80)} (${asPlainText(holder, 40)})`;
};
