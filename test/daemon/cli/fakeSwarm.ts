/** Views and events of swarms that never ran, typed by the contract. */
import type { EventDataOf, EventType, StoredEvent } from "../../../shared/contract/events.ts";
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";

/** The start of every fake swarm. */
export const began = Date.parse("2026-03-04T10:00:00.000Z");

export const subtaskView = (over: Partial<SubtaskView> = {}): SubtaskView => ({
  id: "shop-a1b2.1",
  title: "Add sums",
  files: ["src/sums.ts"],
  dependencies: [],
  status: "waiting",
  attempts: 0,
  agent: null,
  startedAt: null,
  endedAt: null,
  findings: [],
  refusals: [],
  changed: [],
  folder: null,
  ...over,
});

export const workingView = (over: Partial<SubtaskView> = {}): SubtaskView =>
  subtaskView({
    status: "running",
    attempts: 1,
    agent: "BlueLake",
    startedAt: new Date(began + 1000).toISOString(),
    ...over,
  });

export const swarmView = (
  subtasks: ReadonlyArray<SubtaskView>,
  over: Partial<SwarmView> = {},
): SwarmView => ({
  epic: "shop-a1b2",
  title: "Sums of money",
  root: "/somewhere/shop",
  target: { kind: "branch", ref: "refs/heads/main" },
  base: "1111111111111111111111111111111111111111",
  head: "2222222222222222222222222222222222222222",
  status: "running",
  paused: false,
  results: [],
  checks: ["test"],
  subtasks,
  startedAt: new Date(began).toISOString(),
  endedAt: null,
  refusal: null,
  problem: null,
  seq: 1,
  ...over,
});

let seq = 0;

export const storedEvent = <T extends EventType>(type: T, data: EventDataOf<T>): StoredEvent => ({
  seq: ++seq,
  id: `event-${seq}`,
  tenant: "local",
  project: "p",
  stream: "swarm/shop-a1b2",
  type,
  version: 1,
  data: data as StoredEvent["data"],
  actor: "daemon",
  at: new Date(began).toISOString(),
  correlation: null,
  causation: null,
});
