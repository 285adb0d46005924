/** What the person is shown of one file or folder: whose it is, in one line and in several. */
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import type { ProjectModel } from "../project/ProjectModel.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { type Holder, heldText, holderOf, isMine, untilText, whoText } from "./leaseText.ts";

export interface Reservation {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly kind: "file" | "folder";
  /** What is shown: of others' the exclusive one, of those the oldest; the person's own when there is no other. */
  readonly lease: LeaseView;
  readonly holder: Holder;
  /** All of others, and all of the person's own. */
  readonly others: ReadonlyArray<LeaseView>;
  readonly mine: ReadonlyArray<LeaseView>;
}

/** Undefined when nobody holds it. */
export const readReservation = (
  model: ProjectModel,
  path: string,
  kind: Reservation["kind"],
  leases: ReadonlyArray<LeaseView>,
): Reservation | undefined => {
  const others = leases.filter((lease) => !isMine(lease));
  const mine = leases.filter(isMine);
  const lease = others.find(({ exclusive }) => exclusive) ?? others[0] ?? mine[0];
  return lease && { path, kind, lease, holder: holderOf(model, lease), others, mine };
};

/** "Held by BlueLake (a1b2.1) until 15:42", with how many more there are. */
export const reservationLine = (model: ProjectModel, of: Reservation, now?: Date): string => {
  const line = heldText(model, of.lease, now);
  const more = of.others.length - 1;
  return more > 0 ? t("{0}, and by {1} more", line, more) : line;
};

/** A line for each lease, and what the work is. Plain text: an Explorer tooltip renders nothing. */
export const reservationTooltip = (
  model: ProjectModel,
  { kind, others, mine, holder }: Reservation,
  now?: Date,
): string => {
  const lines = [...others, ...mine].slice(0, 5).map((lease) => {
    const reason = asPlainText(lease.reason ?? "", 120);
    const by = holderOf(model, lease);
    const who = by.isMine ? t("you") : whoText(by);
    const how = lease.exclusive ? "" : t(" (shared)");
    // A worker's reason is its cell's title, which has a line of its own.
    const why = reason === "" || reason === by.title ? "" : `: ${reason}`;
    const until = untilText(lease, now);
    return kind === "file"
      ? t("Held by {0}{1} {2}{3}", who, how, until, why)
      : t("Everything in it is held by {0}{1} {2}{3}", who, how, until, why);
  });
  return [...lines, ...(holder.title === undefined ? [] : [holder.title])].join("\n");
};
