/** Where a swarm's work ends up, as a person calls it. */
import type { SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";

export const targetName = ({ target }: Pick<SwarmView, "target">): string =>
  target.kind === "branch" ? asPlainText(target.ref.replace(/^refs\/heads\//, ""), 80) : t("a new branch");
