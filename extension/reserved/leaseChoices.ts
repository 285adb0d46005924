/** What the person can do about a reserved file: the same in the lens, the light bulb and the status. */
import { t } from "../text/t.ts";
import type { Reservation } from "./Reservation.ts";

export type LeaseAct = "message" | "askToHandOver" | "takeOver" | "showCell" | "release";

export interface LeaseChoice {
  readonly act: LeaseAct;
  readonly label: string;
  readonly detail: string;
}

export const leaseChoices = ({ holder, others, mine }: Reservation): ReadonlyArray<LeaseChoice> => {
  const { name, agent } = holder;
  const choices: Array<LeaseChoice> = [];
  if (others.length > 0) {
    if (agent !== undefined)
      choices.push(
        { act: "message", label: t("Message {0}…", name), detail: t("Writes to its inbox.") },
        {
          act: "askToHandOver",
          label: t("Ask to Hand Over"),
          detail: t("Asks {0} by mail for the file. It may say no.", name),
        },
      );
    choices.push({
      act: "takeOver",
      label: t("Take Over…"),
      detail: t("Ends the lease and gives you the file. Asks first, and says what becomes of the work."),
    });
    if (holder.cell !== undefined || holder.epic !== undefined)
      choices.push({
        act: "showCell",
        label: t("Show Cell"),
        detail: holder.title ?? holder.cell ?? holder.epic ?? "",
      });
  }
  if (mine.length > 0)
    choices.push({
      act: "release",
      label: t("Release"),
      detail: t("Agents may take {0} again.", mine.flatMap(({ patterns }) => patterns).join(", ")),
    });
  return choices;
};
