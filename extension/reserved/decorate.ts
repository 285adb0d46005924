/** How a reserved file looks in the Explorer and on its tab. */
import type { ProjectModel } from "../project/ProjectModel.ts";
import { t } from "../text/t.ts";
import { type Reservation, reservationTooltip } from "./Reservation.ts";

export interface Decoration {
  /** VS Code takes two characters, no more. */
  readonly badge: string;
  readonly tooltip: string;
  readonly isColored: boolean;
}

export const decorate = (
  model: ProjectModel,
  of: Reservation,
  options: {
    readonly color: boolean;
    /** The daemon is there. Without it, this is what was known last. */
    readonly live: boolean;
    readonly now?: Date;
  },
): Decoration => {
  const isOthers = of.others.length > 0;
  const told = reservationTooltip(model, of, options.now);
  const tooltip = options.live ? told : `${told}\n${t("As it was last known: the daemon is not running.")}`;
  if (of.kind === "folder") return { badge: "•", tooltip, isColored: false };
  const badge = isOthers ? initials(of.holder.name) : t("Me");
  return { badge: [...badge].slice(0, 2).join(""), tooltip, isColored: options.color && isOthers };
};

/** "BL" for BlueLake; the last two characters of what is no name of two words, such as a cell's id. */
const initials = (name: string): string => {
  const letters = [...name].filter((character) => /[\p{L}\p{N}]/u.test(character));
  const capitals = letters.filter((letter) => /\p{Lu}/u.test(letter));
  const two = capitals.length >= 2 ? capitals.slice(0, 2) : letters.slice(-2);
  return two.length === 0 ? "??" : two.join("");
};
