/**
 * Which elements of a project are perhaps others than they were, by what was committed. It only names them: what
 * they are now is read from those who keep them, when somebody wants to know.
 */
import { isKnown, type StoredEvent } from "../../../shared/contract/events.ts";
import { person } from "../../coordination/mail/Mail.ts";
import { leaseDeadlines, leaseTickets } from "../../coordination/reservations/leaseTables.ts";
import type { StateChange } from "../../primitives/Projection.ts";

/** Ids of elements. */
export interface Touched {
  readonly cells: Set<string>;
  readonly swarms: Set<string>;
  /** Names. */
  readonly agents: Set<string>;
  readonly leases: Set<string>;
  queue: boolean;
  /** Of the person's inbox. */
  mail: boolean;
}

export const nothingTouched = (): Touched => ({
  cells: new Set(),
  swarms: new Set(),
  agents: new Set(),
  leases: new Set(),
  queue: false,
  mail: false,
});

export const isTouched = ({ cells, swarms, agents, leases, queue, mail }: Touched): boolean =>
  queue || mail || [cells, swarms, agents, leases].some((ids) => ids.size > 0);

/** Goes by the stream as far as it can, so that a type of a newer version is not overlooked. */
export const touch = (touched: Touched, event: StoredEvent): void => {
  const [kind, id] = splitStream(event.stream);
  switch (kind) {
    case "cell":
      touched.cells.add(id);
      return;
    case "swarm":
      touched.swarms.add(id);
      return;
    case "agent":
      touched.agents.add(id);
      return;
    case "lease":
      if (isKnown(event) && "lease" in event.data) touched.leases.add(event.data.lease);
      touched.queue = true;
      return;
    case "mail":
      if (isPersons(event)) touched.mail = true;
      return;
    default:
      return;
  }
};

/** Renewals and places in the queue are no events. */
export const touchState = (touched: Touched, change: StateChange): void => {
  if (change.table === leaseDeadlines.name) touched.leases.add(String(change.key.lease));
  if (change.table === leaseDeadlines.name || change.table === leaseTickets.name) touched.queue = true;
};

const splitStream = (stream: string): readonly [kind: string, id: string] => {
  const slash = stream.indexOf("/");
  return slash === -1 ? [stream, ""] : [stream.slice(0, slash), stream.slice(slash + 1)];
};

const isPersons = (event: StoredEvent): boolean => {
  if (!isKnown(event)) return true;
  if (event.type === "mail_sent") return event.data.to.includes(person);
  return "recipient" in event.data && event.data.recipient === person;
};
