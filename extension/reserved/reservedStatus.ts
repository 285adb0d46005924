/** The same as the lens, at the language's status, for those who have lenses off and for screen readers. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { reservationLine } from "./Reservation.ts";

export const reservedStatus = (held: HeldFiles): vscode.Disposable => {
  let item: vscode.LanguageStatusItem | undefined;
  const hide = () => {
    item?.dispose();
    item = undefined;
  };
  const show = () => {
    const uri = vscode.window.activeTextEditor?.document.uri;
    const found = uri && held.file(uri);
    if (uri === undefined || found === undefined) return hide();
    // It goes by the active editor, and is gone when that is not reserved.
    item ??= vscode.languages.createLanguageStatusItem("vibe.reserved", { scheme: "file" });
    item.name = vscode.l10n.t("Reserved file");
    item.text = reservationLine(found.project.model(), found.reservation);
    item.severity =
      found.reservation.others.length > 0
        ? vscode.LanguageStatusSeverity.Warning
        : vscode.LanguageStatusSeverity.Information;
    item.command = {
      title: vscode.l10n.t("What can I do?"),
      command: commandIds.leaseActions,
      arguments: [uri],
    };
  };
  show();
  return vscode.Disposable.from(
    { dispose: hide },
    vscode.window.onDidChangeActiveTextEditor(show),
    held.onDidChange(({ touches }) => {
      const uri = vscode.window.activeTextEditor?.document.uri;
      if (uri !== undefined && touches(uri)) show();
    }),
  );
};
