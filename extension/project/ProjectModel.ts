/**
 * What the extension knows of one project: a pure fold over the updates of the project's feed. Every view is a
 * function of it, so it knows nothing of VS Code.
 */
import type { AgentView } from "../../shared/contract/agentRoutes.ts";
import type { CellView } from "../../shared/contract/hiveRoutes.ts";
import type { Message } from "../../shared/contract/mailRoutes.ts";
import type { ProjectUpdate } from "../../shared/contract/projectRoutes.ts";
import type { LeaseView, TicketView } from "../../shared/contract/reservationRoutes.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";

export interface ProjectModel {
  /** The position in the log that this is as of; 0 before the first update. */
  readonly seq: number;
  readonly cells: ReadonlyMap<string, CellView>;
  readonly swarms: ReadonlyMap<string, SwarmView>;
  /** Those at work, by name. */
  readonly agents: ReadonlyMap<string, AgentView>;
  readonly leases: ReadonlyMap<string, LeaseView>;
  readonly queue: ReadonlyArray<TicketView>;
  /** What waits in the person's inbox. */
  readonly mail: ReadonlyArray<Message>;
  /** No new agents are started. */
  readonly paused: boolean;
  /** The last line that the agent of each cell printed. */
  readonly lines: ReadonlyMap<string, string>;
}

/** What an update changed, by id; `whole` says that everything may be another. */
export interface ModelChange {
  readonly whole: boolean;
  readonly cells: ReadonlySet<string>;
  readonly swarms: ReadonlySet<string>;
  readonly agents: ReadonlySet<string>;
  readonly leases: boolean;
  readonly queue: boolean;
  readonly mail: boolean;
  readonly paused: boolean;
  /** Cells whose agent printed something. */
  readonly lines: ReadonlySet<string>;
}

export const emptyModel: ProjectModel = {
  seq: 0,
  cells: new Map(),
  swarms: new Map(),
  agents: new Map(),
  leases: new Map(),
  queue: [],
  mail: [],
  paused: false,
  lines: new Map(),
};

const nothing: ReadonlySet<string> = new Set();

const unchanged: ModelChange = {
  whole: false,
  cells: nothing,
  swarms: nothing,
  agents: nothing,
  leases: false,
  queue: false,
  mail: false,
  paused: false,
  lines: nothing,
};

export const everything: ModelChange = {
  ...unchanged,
  whole: true,
  leases: true,
  queue: true,
  mail: true,
  paused: true,
};

export const applyUpdate = (
  model: ProjectModel,
  update: ProjectUpdate,
): { readonly model: ProjectModel; readonly change: ModelChange } => {
  switch (update.kind) {
    case "snapshot":
      return {
        model: {
          seq: update.seq,
          cells: byKey(update.cells, (cell) => cell.id),
          swarms: byKey(update.swarms, (swarm) => swarm.epic),
          agents: byKey(update.agents, (agent) => agent.name),
          leases: byKey(update.leases, (lease) => lease.lease),
          queue: update.queue,
          mail: update.mail,
          paused: update.paused,
          lines: new Map(),
        },
        change: everything,
      };
    case "progress":
      return {
        model: { ...model, lines: new Map(model.lines).set(update.cell, update.line) },
        change: { ...unchanged, lines: new Set([update.cell]) },
      };
    case "changes":
      return applyChanges(model, update);
  }
};

const applyChanges = (model: ProjectModel, update: Extract<ProjectUpdate, { kind: "changes" }>) => {
  const { cells = [], swarms = [], agents = [], leases, queue, mail, paused } = update;
  return {
    model: {
      ...model,
      seq: update.seq,
      cells: merged(
        model.cells,
        cells,
        (cell) => cell.id,
        (cell) => cell.status === "tombstone",
      ),
      swarms: merged(model.swarms, swarms, (swarm) => swarm.epic),
      agents: merged(
        model.agents,
        agents,
        (agent) => agent.name,
        (agent) => agent.endedAt !== undefined,
      ),
      leases:
        leases === undefined
          ? model.leases
          : without(
              merged(model.leases, leases.granted, (lease) => lease.lease),
              leases.ended,
            ),
      queue: queue ?? model.queue,
      mail: mail ?? model.mail,
      paused: paused ?? model.paused,
    },
    change: {
      ...unchanged,
      cells: new Set(cells.map((cell) => cell.id)),
      swarms: new Set(swarms.map((swarm) => swarm.epic)),
      agents: new Set(agents.map((agent) => agent.name)),
      leases: leases !== undefined,
      queue: queue !== undefined,
      mail: mail !== undefined,
      paused: paused !== undefined,
    },
  };
};

const byKey = <A>(elements: ReadonlyArray<A>, key: (element: A) => string): ReadonlyMap<string, A> =>
  new Map(elements.map((element) => [key(element), element]));

/** A copy with these in place of older ones, in their old place; the same map when there are none. */
const merged = <A>(
  old: ReadonlyMap<string, A>,
  changed: ReadonlyArray<A>,
  key: (element: A) => string,
  isOver: (element: A) => boolean = () => false,
): ReadonlyMap<string, A> => {
  if (changed.length === 0) return old;
  const next = new Map(old);
  for (const element of changed) {
    if (isOver(element)) next.delete(key(element));
    else next.set(key(element), element);
  }
  return next;
};

const without = <A>(old: ReadonlyMap<string, A>, gone: ReadonlyArray<string>): ReadonlyMap<string, A> => {
  if (gone.length === 0) return old;
  const next = new Map(old);
  for (const key of gone) next.delete(key);
  return next;
};
