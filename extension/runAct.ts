/** Runs what the person asked for; what fails is told once, in the error's own words, with the log a click away. */
import * as vscode from "vscode";
import { isAnyError } from "../shared/contract/errors.ts";
import { asPlainText } from "./text/sanitise.ts";

export const runAct = async <A>(
  log: vscode.LogOutputChannel,
  act: () => PromiseLike<A>,
): Promise<A | undefined> => {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof vscode.CancellationError) return undefined;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    // What is not one of our errors is a fault of ours, and its place matters.
    log.error(isAnyError(error) ? error.message : error);
    void tell(log, error.message);
    return undefined;
  }
};

const tell = async (log: vscode.LogOutputChannel, message: string) => {
  const show = vscode.l10n.t("Show Log");
  if ((await vscode.window.showErrorMessage(asPlainText(message), show)) === show) log.show();
};
