/** Short ways to leases, agents and models of tests. */

import { emptyModel, type ProjectModel } from "../../../extension/project/ProjectModel.ts";
import type { AgentView } from "../../../shared/contract/agentRoutes.ts";
import type { CellView } from "../../../shared/contract/hiveRoutes.ts";
import type { LeaseView } from "../../../shared/contract/reservationRoutes.ts";

export const lease = (
  id: string,
  patterns: ReadonlyArray<string>,
  rest: Partial<LeaseView> = {},
): LeaseView => ({
  lease: id,
  token: 1,
  holder: "BlueLake",
  patterns,
  exclusive: true,
  ...rest,
});

export const leasesOf = (...leases: ReadonlyArray<LeaseView>): ReadonlyMap<string, LeaseView> =>
  new Map(leases.map((one) => [one.lease, one]));

export const agent = (name: string, rest: Partial<AgentView> = {}): AgentView => ({
  name,
  kind: "worker",
  registeredAt: "2026-11-21T10:00:00.000Z",
  ...rest,
});

const cellOf = (id: string, title: string): CellView => ({
  id,
  title,
  status: "in_progress",
  issue_type: "task",
  priority: 2,
  fields: {},
  parent_id: null,
  dependencies: [],
  ready: false,
  waiting_for: [],
});

export const model = (of: {
  readonly leases?: ReadonlyArray<LeaseView>;
  readonly agents?: ReadonlyArray<AgentView>;
  readonly titles?: Readonly<Record<string, string>>;
}): ProjectModel => ({
  ...emptyModel,
  leases: leasesOf(...(of.leases ?? [])),
  agents: new Map((of.agents ?? []).map((one) => [one.name, one])),
  cells: new Map(Object.entries(of.titles ?? {}).map(([id, title]) => [id, cellOf(id, title)])),
});
