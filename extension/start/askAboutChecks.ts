/** The two questions about a repository's checks: may exactly these run here, and shall one that fails already count. */
import * as vscode from "vscode";
import type { Check, CheckResult } from "../../shared/contract/gate.ts";
import type { Proposal } from "../../shared/contract/swarmRoutes.ts";
import { showPage } from "../text/TextPages.ts";
import { t } from "../text/t.ts";
import { visibleText } from "../text/visibleText.ts";

/** A dialogue holds this much; more is read in an editor first. */
const longestDetail = 1500;
const mostLines = 25;

/** Modal: it is the one yes after which a repository's own commands run on this machine. */
export const allowChecks = async (
  checks: ReadonlyArray<Check>,
  { dirty }: Pick<Proposal, "dirty">,
): Promise<boolean> => {
  const texts = checks.map(({ name, text }) => `${name}: ${visibleText(text)}`).join("\n\n");
  const isShort = texts.length <= longestDetail && texts.split("\n").length <= mostLines;
  const unseen =
    dirty.length === 0
      ? ""
      : `\n\n${t("Agents will not see your uncommitted changes: {0}", nameSome(dirty.map(({ path }) => path)))}`;
  const yes = t("Allow Exactly These");
  const read = t("Read Them");
  const message = t(
    "These commands come from the repository and would run on this machine, as you. Allow them?",
  );
  const detail = isShort ? texts : t("They are too long to be shown here. Read them first.");
  const answer = await vscode.window.showWarningMessage(
    message,
    { modal: true, detail: `${detail}${unseen}` },
    ...(isShort ? [yes] : [read]),
  );
  if (answer === yes) return true;
  if (answer !== read) return false;
  await showPage(t("Commands of the repository"), `${texts}\n`);
  const after = await vscode.window.showWarningMessage(message, yes, t("Not Now"));
  return after === yes;
};

export const acceptRed = async (red: ReadonlyArray<CheckResult>): Promise<boolean> => {
  const names = red.map(({ name }) => visibleText(name)).join(", ");
  const message =
    red.length === 1
      ? t('The check "{0}" fails already, before any agent has begun.', names)
      : t("These checks fail already, before any agent has begun: {0}", names);
  const detail = t(
    "Whatever agents do will be judged by the other checks only, if you start anyway. It last printed:\n\n{0}",
    visibleText(red[0]?.output ?? "")
      .trim()
      .slice(-longestDetail),
  );
  const anyway = t("Start Anyway");
  const look = t("Show Output");
  const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, anyway, look);
  if (answer === look) {
    const pages = red.map(
      ({ name, output, exitCode }) => `# ${name} (exit code ${exitCode ?? "none"})\n\n${output}`,
    );
    await showPage(t("Failed checks"), visibleText(pages.join("\n\n")));
  }
  return answer === anyway;
};

const nameSome = (paths: ReadonlyArray<string>): string => {
  const most = 5;
  const some = paths.slice(0, most).map(visibleText).join(", ");
  return paths.length > most ? t("{0} and {1} more", some, paths.length - most) : some;
};
