/** Every projection and every state table of the product, for whoever opens its store. */
import { agentsProjection } from "./coordination/agents/agentsProjection.ts";
import { cellsProjection } from "./coordination/hive/cellsProjection.ts";
import { leasesProjection } from "./coordination/reservations/leasesProjection.ts";
import { leaseDeadlines, leaseTickets } from "./coordination/reservations/leaseTables.ts";
import { approvalsProjection } from "./orchestration/swarm/approvalsProjection.ts";
import { swarmsProjection } from "./orchestration/swarm/swarmsProjection.ts";
import { checkpoints } from "./primitives/checkpoints.ts";
import { deferredsProjection } from "./primitives/deferredsProjection.ts";
import { lockDeadlines, locksProjection } from "./primitives/lockTables.ts";
import { mailDeliveries, mailProjection } from "./primitives/mailTables.ts";
import type { Projection, StateTable } from "./primitives/Projection.ts";

export const projections: ReadonlyArray<Projection> = [
  agentsProjection,
  cellsProjection,
  leasesProjection,
  mailProjection,
  locksProjection,
  deferredsProjection,
  approvalsProjection,
  swarmsProjection,
];

export const stateTables: ReadonlyArray<StateTable> = [
  leaseDeadlines,
  leaseTickets,
  lockDeadlines,
  checkpoints,
  mailDeliveries,
];
