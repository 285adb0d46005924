/** The locks held, as a fold of their events and deadlines. It reads the clock only to turn wall time into awake time. */
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
  /** The deadline as it is stored, in wall time. */
  readonly until: string;
  /** There is a row with its deadline. */
  readonly renewed: boolean;
}

export type LockView = ReturnType<typeof lockView>;

/** `other` is a copy that may know a lock's deadline already, though this one lost it when a transaction failed. */
export const lockView = (
  clock: Pick<AwakeClock["Service"], "awakeOf">,
  other: { readonly get: (project: string, name: string) => HeldLock | undefined } | undefined = undefined,
) => {
  const held = new Map<string, HeldLock>();
  /** Ids of grants that were made to waiters, which are not to be served again. */
  const grants = new Set<string>();

  /** Once read it keeps its place in awake time, also when the wall clock was set meanwhile. */
  const deadlineOf = (project: string, name: string, token: number, until: string): number => {
    const known = [held.get(keyOf(project, name)), other?.get(project, name)].find(
      (lock) => lock?.token === token && lock.until === until,
    );
    return known?.deadline ?? clock.awakeOf(Date.parse(until));
  };

  /** A deadline belongs to one grant: the next holder of that name is not to have it. */
  const renew = (project: string, row: Row) => {
    const { name, token, expires_at: until } = row;
    const key = keyOf(project, String(name));
    const lock = held.get(key);
    if (lock === undefined || lock.token !== token || typeof until !== "string") return;
    held.set(key, {
      ...lock,
      until,
      deadline: deadlineOf(project, lock.name, lock.token, until),
      renewed: true,
    });
  };

  return {
    load: (locks: ReadonlyArray<Row>, deadlines: ReadonlyArray<Row>) => {
      held.clear();
      grants.clear();
      for (const { project, name, holder, token, expires_at: until } of locks) {
        // What is left of a lock whose grant was redacted holds nothing.
        if (typeof name !== "string" || typeof holder !== "string") continue;
        if (typeof token !== "number" || typeof until !== "string") continue;
        const deadline = deadlineOf(String(project), name, token, until);
        held.set(keyOf(String(project), name), { name, holder, token, until, deadline, renewed: false });
      }
      for (const row of deadlines) renew(String(row.project), row);
    },
    applyEvent: (event: StoredEvent) => {
      if (!isKnown(event)) return;
      if (event.type === "lock_acquired") {
        const { name, holder, expiresAt: until } = event.data;
        const deadline = deadlineOf(event.project, name, event.seq, until);
        const lock = { name, holder, token: event.seq, until, deadline, renewed: false };
        held.set(keyOf(event.project, name), lock);
        grants.add(event.id);
      } else if (event.type === "lock_released" || event.type === "lock_expired") {
        held.delete(keyOf(event.project, event.data.name));
      }
    },
    applyState: (change: StateChange) => {
      if (change.table !== lockDeadlines.name || !("set" in change)) return;
      renew(change.project, { ...change.key, ...change.set });
    },
    get: (project: string, name: string) => held.get(keyOf(project, name)),
    wasGranted: (grant: string) => grants.has(grant),
    /** The grant was answered, so it need not be remembered. */
    forget: (grant: string) => grants.delete(grant),
    all: () => [...held].map(([key, lock]) => ({ ...lock, project: key.slice(0, key.indexOf("\n")) })),
  };
};

export const keyOf = (project: string, name: string) => `${project}\n${name}`;
