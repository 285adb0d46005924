/** What is said of a lease: by whom a file is held, for what, and until when. */
import type { LeaseConflictEntry } from "../../shared/contract/errors.ts";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import type { ProjectModel } from "../project/ProjectModel.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { timeOfDay } from "../text/timeOfDay.ts";

/** What is to be known of a lease, or of one that is in the way. */
export type Hold = Pick<LeaseView, "holder" | "cell" | "epic" | "expiresAt">;

/** Who stands behind a lease. The texts come from agents and plans, and are sanitised. */
export interface Holder {
  /** An agent's name; the cell's or epic's own id where no agent is at work on it. */
  readonly name: string;
  /** As mail is addressed to; absent when nobody is there to read it. */
  readonly agent?: string;
  readonly cell?: string;
  readonly epic?: string;
  /** The title of the cell, or of the epic where the work is merged. */
  readonly title?: string;
  readonly isMine: boolean;
}

export const holderOf = (model: ProjectModel, lease: Hold): Holder => {
  const { holder, cell, epic } = lease;
  if (isMine(lease)) return { name: t("you"), isMine: true };
  const work = cell ?? epic;
  const title = work === undefined ? undefined : model.cells.get(work)?.title;
  const worker = cell === undefined ? undefined : workerOn(model, cell);
  const agent = worker ?? (model.agents.has(holder) ? holder : undefined);
  return {
    name: asPlainText(agent ?? holder, 60),
    isMine: false,
    ...(agent !== undefined && { agent }),
    ...(cell !== undefined && { cell }),
    ...(epic !== undefined && { epic }),
    ...(title !== undefined && { title: asPlainText(title, 120) }),
  };
};

/** The person's own, taken by hand. */
export const isMine = ({ holder, cell, epic }: Hold): boolean =>
  holder === "person" && cell === undefined && epic === undefined;

const workerOn = (model: ProjectModel, cell: string): string | undefined => {
  for (const agent of model.agents.values()) if (agent.cell === cell) return agent.name;
  return undefined;
};

/** "BlueLake (a1b2.1)". */
export const whoText = ({ name, cell, epic }: Holder): string => {
  const work = cell ?? epic;
  return work === undefined || work === name ? name : `${name} (${asPlainText(work, 60)})`;
};

/**
 * The end as the daemon said it, in the person's time: never how long it still is. Two clocks may differ, and
 * whether a lease is over is the daemon's to say.
 */
export const untilText = ({ expiresAt, cell, epic }: Hold, now: Date = new Date()): string => {
  if (expiresAt === undefined)
    return cell === undefined && epic === undefined
      ? t("until it is released")
      : t("until its swarm is landed or discarded");
  return t("until {0}", timeOfDay(expiresAt, now));
};

/** "Held by BlueLake (a1b2.1) until 15:42"; the person's own are "Reserved for you until …". */
export const heldText = (model: ProjectModel, lease: Hold, now?: Date): string =>
  isMine(lease)
    ? t("Reserved for you {0}", untilText(lease, now))
    : t("Held by {0} {1}", whoText(holderOf(model, lease)), untilText(lease, now));

/** Why files can't be had now: each pattern that is in the way, whose it is, and until when. */
export const conflictText = (
  model: ProjectModel,
  conflicts: ReadonlyArray<LeaseConflictEntry>,
  now?: Date,
): string => {
  const lines = conflicts.slice(0, 3).map((entry) => {
    const files = asPlainText(entry.held, 120);
    const who = isMine(entry) ? t("you") : whoText(holderOf(model, entry));
    return entry.waiting === true
      ? t("{0} waits for {1} and came first.", who, files)
      : t("{0} is held by {1} {2}.", files, who, untilText(entry, now));
  });
  const more = conflicts.length - lines.length;
  return [...lines, ...(more > 0 ? [t("More in the way: {0}.", more)] : [])].join(" ");
};
