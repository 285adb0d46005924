/** Every projection and every state table of the product, for whoever opens its store. */
import { agentsProjection } from "./coordination/agents/agentsProjection.ts";
import { cellsProjection } from "./coordination/hive/cellsProjection.ts";
import { leasesProjection } from "./coordination/reservations/leasesProjection.ts";
import { leaseDeadlines, leaseTickets } from "./coordination/reservations/leaseTables.ts";
import { approvalsProjection } from "./orchestration/swarm/approvalsProjection.ts";
import { swarmsProjection } from "./orchestration/swarm/swarmsProjection.ts";
import type { Projection, StateTable } from "./primitives/Projection.ts";

export const projections: ReadonlyArray<Projection> = [
  agentsProjection,
  cellsProjection,
  leasesProjection,
  approvalsProjection,
  swarmsProjection,
];

export const stateTables: ReadonlyArray<StateTable> = [leaseDeadlines, leaseTickets];
