/** What a writer is told about a write check: one sentence or two that a model can act on, or nothing. */
import type { LeaseConflictEntry } from "./errors.ts";
import type { WriteDecision } from "./writeCheck.ts";

export interface WriteFacts {
  /** As it was asked for. */
  readonly path: string;
  /** Who stands in the way. */
  readonly conflicts: ReadonlyArray<LeaseConflictEntry>;
  /** How many requests for the file are served before one of the writer's. */
  readonly ahead?: number;
  /** The only folder that a worker writes in. */
  readonly checkout?: string;
  /** Wall time in milliseconds. */
  readonly now: number;
}

export const writeMessage = ({ reason }: WriteDecision, facts: WriteFacts): string => {
  const path = facts.path;
  switch (reason) {
    case "unmanaged":
    case "held":
    case "reserved":
    case "person":
      return "";
    case "person-warned":
      return `${held(facts)}. Your change may collide with its work; \`ocvibe takeover\` gives you the file.`;
    case "held-by-another":
      return `${held(facts)}${queue(facts)}. Work on other files, or wait for it with \`ocvibe reserve --wait\`.`;
    case "not-asked-for":
      return `${path} is not among the files of your task, and a change to it would be refused. Leave it as it is; if the task needs it, ask the person for the file by mail.`;
    case "not-your-tree":
      return facts.checkout === undefined
        ? `${path} does not lie in the tree of your project. Write only there.`
        : `${path} does not lie in your checkout. Write only below ${facts.checkout}.`;
    case "unreachable":
      return `Nothing can be written while the daemon is away, since nobody can say whose ${path} is. Try again in a few seconds.`;
    case "unreachable-free":
    case "unreachable-unknown":
      return `The daemon is away, so ${path} could not be reserved for you; by what is known nobody else holds it.`;
  }
};

const held = ({ path, conflicts, now }: WriteFacts): string => {
  const [first] = conflicts;
  if (first === undefined) return `${path} is wanted by others who came first`;
  const work = first.cell ?? first.epic;
  const whose = work === undefined || work === first.holder ? first.holder : `${first.holder} for ${work}`;
  const more = conflicts.length === 1 ? "" : ` and ${conflicts.length - 1} more`;
  return `${path} is held by ${whose}${more}, ${timeLeft(first, now)}`;
};

const timeLeft = ({ expiresAt, cell, epic }: LeaseConflictEntry, now: number): string => {
  if (expiresAt === undefined) {
    return cell === undefined && epic === undefined
      ? "until it is released"
      : "until its swarm is landed or discarded";
  }
  const seconds = Math.max(0, Math.ceil((Date.parse(expiresAt) - now) / 1000));
  const left = seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
  return `for ${left} more (until ${expiresAt})`;
};

const queue = ({ ahead }: WriteFacts): string => {
  if (ahead === undefined) return "";
  if (ahead === 0) return "; you would be the first in the queue for it";
  return ahead === 1 ? "; one request is served before yours" : `; ${ahead} requests are served before yours`;
};
