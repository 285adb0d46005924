/** What an agent is doing, in words and an icon: what it printed last where it works, else where its work stands. */
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import type { ProjectModel } from "../../project/ProjectModel.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { timeOfDay } from "../../text/timeOfDay.ts";
import { cellState } from "../hive/cellState.ts";

export interface Activity {
  readonly icon: string;
  readonly colour?: string;
  readonly text: string;
}

export interface Work {
  readonly swarm: SwarmView;
  readonly subtask: SubtaskView;
}

/** The subtask that an agent works on; of an agent whose attempt is over, none. */
export const workOf = (model: Pick<ProjectModel, "swarms">, agent: AgentView): Work | undefined => {
  if (agent.epic === undefined || agent.cell === undefined) return undefined;
  const swarm = model.swarms.get(agent.epic);
  const subtask = swarm?.subtasks.find(({ id, agent: name }) => id === agent.cell && name === agent.name);
  return swarm === undefined || subtask === undefined ? undefined : { swarm, subtask };
};

export const agentActivity = (
  model: Pick<ProjectModel, "swarms" | "lines">,
  agent: AgentView,
  now: Date,
): Activity => {
  const work = workOf(model, agent);
  if (work === undefined) {
    const harness = asPlainText(agent.harness ?? t("by hand"), 40);
    return { icon: "person-add", text: t("{0}, since {1}", harness, timeOfDay(agent.registeredAt, now)) };
  }
  const { swarm, subtask } = work;
  const { word, icon, colour } = cellState({ id: subtask.id, cell: undefined, swarm, subtask });
  const line = subtask.status === "running" ? model.lines.get(subtask.id) : undefined;
  const said = line === undefined ? "" : asPlainText(line, 120);
  return { icon, ...(colour === undefined ? {} : { colour }), text: said === "" ? word : said };
};
