/** The locks held, as a fold of their events and deadlines. It reads no clock. */
import { isKnown, type StoredEvent } from "../../shared/contract/events.ts";
import type { AwakeClock } from "./AwakeClock.ts";
import { lockDeadlines } from "./lockTables.ts";
import type { Row, StateChange } from "./Projection.ts";

/** A lock as held; `deadline` is awake time. */
export interface HeldLock {
  readonly name: string;
  readonly holder: string;
  /** Fencing token: the `seq` of the grant. */
  readonly token: number;
  readonly deadline: number;
  /** There is a row with its deadline. */
  readonly renewed: boolean;
}

export type LockView = ReturnType<typeof lockView>;

export const lockView = (clock: Pick<AwakeClock["Service"], "awakeOf">) => {
  const held = new Map<string, HeldLock>();
  /** Ids of grants that were made to waiters, which are not to be served again. */
  const grants = new Set<string>();
  const awake = (iso: unknown) => clock.awakeOf(Date.parse(String(iso)));

  const renew = (project: string, name: string, expiresAt: unknown) => {
    const lock = held.get(keyOf(project, name));
    if (lock !== undefined)
      held.set(keyOf(project, name), { ...lock, deadline: awake(expiresAt), renewed: true });
  };

  return {
    load: (locks: ReadonlyArray<Row>, deadlines: ReadonlyArray<Row>) => {
      held.clear();
      grants.clear();
      for (const { project, name, holder, token, expires_at } of locks) {
        // What is left of a lock whose grant was redacted holds nothing.
        if (typeof name !== "string" || typeof holder !== "string" || typeof token !== "number") continue;
        const lock = { name, holder, token, deadline: awake(expires_at), renewed: false };
        held.set(keyOf(String(project), name), lock);
      }
      for (const row of deadlines) renew(String(row.project), String(row.name), row.expires_at);
    },
    applyEvent: (event: StoredEvent) => {
      if (!isKnown(event)) return;
      if (event.type === "lock_acquired") {
        const { name, holder, expiresAt } = event.data;
        const lock = { name, holder, token: event.seq, deadline: awake(expiresAt), renewed: false };
        held.set(keyOf(event.project, name), lock);
        grants.add(event.id);
      } else if (event.type === "lock_released" || event.type === "lock_expired") {
        held.delete(keyOf(event.project, event.data.name));
      }
    },
    applyState: (change: StateChange) => {
      if (change.table !== lockDeadlines.name || !("set" in change)) return;
      renew(change.project, String(change.key.name), change.set.expires_at);
    },
    get: (project: string, name: string) => held.get(keyOf(project, name)),
    wasGranted: (grant: string) => grants.has(grant),
    /** The grant was answered, so it need not be remembered. */
    forget: (grant: string) => grants.delete(grant),
    all: () => [...held].map(([key, lock]) => ({ ...lock, project: key.slice(0, key.indexOf("\n")) })),
  };
};

export const keyOf = (project: string, name: string) => `${project}\n${name}`;
