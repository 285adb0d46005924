/**
 * *While you were away*: what became another between two moments, in one line for each thing. A moment is small and
 * plain, so that it outlives the window.
 */
import type { SubtaskView, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import type { ProjectModel } from "../../project/ProjectModel.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { isOver } from "../hive/hiveTree.ts";

/** How a project stood when the person looked away. */
export interface Moment {
  /** ISO 8601. */
  readonly at: string;
  readonly seq: number;
  readonly swarms: Readonly<Record<string, SwarmMoment>>;
  readonly mail: ReadonlyArray<string>;
}

interface SwarmMoment {
  readonly status: SwarmView["status"];
  /** Of a swarm that is over, none. */
  readonly cells: Readonly<Record<string, SubtaskView["status"]>>;
}

/** One thing that happened; what it is about is named, so that a click can lead there. */
export interface Happening {
  readonly epic?: string;
  readonly cell?: string;
  readonly mail?: string;
  readonly icon: string;
  readonly text: string;
}

export const momentOf = (
  { seq, swarms, mail }: Pick<ProjectModel, "seq" | "swarms" | "mail">,
  at: Date,
): Moment => ({
  at: at.toISOString(),
  seq,
  swarms: Object.fromEntries(
    [...swarms.values()].map((swarm) => [
      swarm.epic,
      {
        status: swarm.status,
        cells: isOver(swarm) ? {} : Object.fromEntries(swarm.subtasks.map(({ id, status }) => [id, status])),
      },
    ]),
  ),
  mail: mail.map(({ id }) => id),
});

/**
 * What happened since; nothing when the moment is of another store, whose log was longer than this one is now, since
 * then nothing is known.
 */
export const whileAway = (
  before: Moment,
  { seq, swarms, mail }: Pick<ProjectModel, "seq" | "swarms" | "mail">,
): ReadonlyArray<Happening> => {
  if (seq < before.seq) return [];
  const known = new Set(before.mail);
  return [
    ...[...swarms.values()].flatMap((swarm) => ofSwarm(before.swarms[swarm.epic], swarm)),
    ...mail
      .filter(({ id }) => !known.has(id))
      .map(({ id, from, subject }) => ({
        mail: id,
        icon: "mail",
        text: t("{0} wrote: {1}", asPlainText(from, 60), asPlainText(subject, 120)),
      })),
  ];
};

const ofSwarm = (before: SwarmMoment | undefined, swarm: SwarmView): ReadonlyArray<Happening> => {
  const { epic, status, subtasks } = swarm;
  const title = asPlainText(swarm.title, 80);
  const found: Array<Happening> = [];
  if (before === undefined) found.push({ epic, icon: "rocket", text: t("{0} was started", title) });
  const merged = subtasks.filter(
    ({ id, status: now }) => now === "merged" && before?.cells[id] !== "merged" && !wasOver(before),
  );
  if (merged.length === 1) {
    const { id, title: name } = merged[0]!;
    found.push({ epic, cell: id, icon: "git-merge", text: t("{0} was merged", asPlainText(name, 80)) });
  } else if (merged.length > 1)
    found.push({ epic, icon: "git-merge", text: t("{0}: {1} cells were merged", title, merged.length) });
  for (const { id, title: name, status: now } of subtasks) {
    if (wasOver(before) || before?.cells[id] === now) continue;
    if (now === "needs-you")
      found.push({
        epic,
        cell: id,
        icon: "bell-dot",
        text: t("{0} asks for your answer", asPlainText(name, 80)),
      });
    if (now === "blocked")
      found.push({ epic, cell: id, icon: "error", text: t("{0} is blocked", asPlainText(name, 80)) });
  }
  const ended = before?.status === status ? undefined : endings(title)[status];
  if (ended !== undefined) found.push({ epic, ...ended });
  return found;
};

const wasOver = (before: SwarmMoment | undefined): boolean => before !== undefined && isOver(before);

/** What a swarm came to that is worth telling. */
const endings = (
  title: string,
): Partial<Record<SwarmView["status"], { readonly icon: string; readonly text: string }>> => ({
  ready: { icon: "rocket", text: t("{0} is ready to land", title) },
  landed: { icon: "pass-filled", text: t("{0} landed", title) },
  reverted: { icon: "discard", text: t("{0} was reverted", title) },
  interrupted: { icon: "debug-disconnect", text: t("{0} was interrupted", title) },
  cancelled: { icon: "circle-slash", text: t("{0} was cancelled", title) },
  discarded: { icon: "trash", text: t("{0} was discarded", title) },
});

/** Milliseconds. */
const glance = 5_000;

/**
 * The moment that counts when the person looks away: after a mere glance the one before still does, so that what it
 * told is not lost.
 */
export const leaveAt = (before: Moment | undefined, cameBackAt: Date | undefined, now: Moment): Moment =>
  before !== undefined && cameBackAt !== undefined && Date.parse(now.at) - cameBackAt.getTime() < glance
    ? before
    : now;
