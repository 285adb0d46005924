/**
 * What the toast says of all that waits: one thing by its name and what it is about, several by their number and
 * names. That something failed is said in any case.
 */
import type { ProjectModel } from "../project/ProjectModel.ts";
import { t } from "../text/t.ts";
import type { Waiting } from "../views/hive/waitsForYou.ts";
import { waitingText } from "./waitingText.ts";

export interface ToastText {
  readonly text: string;
  /** It is no good news: shown as a warning. */
  readonly isWarning: boolean;
}

export interface Waits {
  readonly model: Pick<ProjectModel, "swarms" | "mail">;
  readonly waiting: Waiting;
}

/** Names that are said. */
const most = 3;

/** `all` is not empty. */
export const toastText = (all: ReadonlyArray<Waits>): ToastText => {
  const texts = all.map(({ model, waiting }) => waitingText(model, waiting));
  const failed = all.filter(({ model, waiting }) => isFailure(model, waiting)).length;
  const isWarning = failed > 0;
  if (texts.length === 1) return { text: `${texts[0]!.label}: ${texts[0]!.detail}`, isWarning };
  const names = texts.slice(0, most).map(({ label }) => label);
  const listed =
    texts.length > most ? t("{0} and {1} more", names.join(", "), texts.length - most) : names.join(", ");
  return {
    text: isWarning
      ? t("{0} things wait for you, {1} of them failed: {2}", texts.length, failed, listed)
      : t("{0} things wait for you: {1}", texts.length, listed),
    isWarning,
  };
};

const isFailure = ({ swarms }: Waits["model"], waiting: Waiting): boolean =>
  waiting.kind === "blocked" ||
  (waiting.kind === "stopped" && swarms.get(waiting.epic)?.problem !== null) ||
  (waiting.kind === "land" && (swarms.get(waiting.epic)?.refusal ?? null) !== null);
