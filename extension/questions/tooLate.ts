/** What the person answered waits no more: says who was first, if the log knows. */
import * as vscode from "vscode";
import { isAnyError } from "../../shared/contract/errors.ts";
import type { Project } from "../project/Project.ts";
import { t } from "../text/t.ts";
import { whoAnswered } from "./whoAnswered.ts";

/** Where the answer stands in the log: in a stream, or for a message among those that were dealt with. */
export type About = { readonly stream: string; readonly cell?: string } | { readonly mail: string };

export const tooLate = async (project: Project, about: About): Promise<void> => {
  const client = await project.client();
  const where = "mail" in about ? { type: "mail_acked" } : { stream: about.stream };
  const events = await client.events.list({ project: project.root, ...where, limit: 100_000 });
  void vscode.window.showInformationMessage(
    whoAnswered(events, about) ?? t("It does not wait for you any more."),
  );
};

/** The state does not allow it any more: somebody else was faster. */
export const isTooLate = (cause: unknown): boolean =>
  isAnyError(cause) &&
  (cause._tag === "NotNow" || cause._tag === "NotFound" || cause._tag === "AlreadySettled");
