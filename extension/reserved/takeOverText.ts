/** What *Take over* asks: what is ended, what of it is not landed, and what becomes of the agent. */
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import type { ProjectModel } from "../project/ProjectModel.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import { heldText, holderOf, whoText } from "./leaseText.ts";

/** The paths that a cell or epic changed and that are not landed; `unknown` says why that can't be told. */
export type Unlanded =
  | { readonly kind: "paths"; readonly paths: ReadonlyArray<string> }
  | { readonly kind: "unknown"; readonly why: string };

export interface Ending {
  readonly lease: LeaseView;
  /** Absent for a lease that is no cell's or epic's: what its holder wrote is in the person's own tree. */
  readonly unlanded?: Unlanded;
}

/** `question` is the line of a modal, `detail` what stands below it. */
export const takeOverText = (
  model: ProjectModel,
  label: string,
  endings: ReadonlyArray<Ending>,
): { readonly question: string; readonly detail: string } => {
  const names = endings.map(({ lease }) => whoText(holderOf(model, lease)));
  return {
    question: t("Take {0} over from {1}?", label, [...new Set(names)].join(", ")),
    detail: endings.map((ending) => describe(model, ending)).join("\n\n"),
  };
};

const describe = (model: ProjectModel, { lease, unlanded }: Ending): string => {
  const holder = holderOf(model, lease);
  const title = holder.title === undefined ? [] : [holder.title];
  return [heldText(model, lease), ...title, ...unlandedText(unlanded), fate(lease, holder.name)].join("\n");
};

const shownPaths = 8;

const unlandedText = (unlanded: Unlanded | undefined): ReadonlyArray<string> => {
  if (unlanded === undefined) return [];
  if (unlanded.kind === "unknown")
    return [t("What it changed so far can't be told: {0}", asPlainText(unlanded.why, 200))];
  const { paths } = unlanded;
  if (paths.length === 0) return [t("It has changed nothing yet.")];
  const listed = paths.slice(0, shownPaths).map((path) => asPlainText(path, 100));
  const more = paths.length - listed.length;
  const list = more > 0 ? t("{0} and {1} more", listed.join(", "), more) : listed.join(", ");
  return [t("Changed and not landed: {0}", list)];
};

const fate = ({ cell, epic }: LeaseView, name: string): string => {
  if (cell !== undefined)
    return t(
      "{0} is stopped, and what it did is set aside; that is no strike. The cell waits in the queue, and is done anew when you release the file.",
      name,
    );
  if (epic !== undefined)
    return t("What is merged can land only when the swarm gets its files again, after you release them.");
  return t("{0} keeps what it wrote in your tree, and is denied its next write to it.", name);
};
