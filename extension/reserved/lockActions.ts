/** The light bulb at a warning: the same choices as in the lens. */
import * as vscode from "vscode";
import type { HeldFiles } from "./HeldFiles.ts";
import type { LockWarning } from "./LockWarning.ts";
import { leaseChoices } from "./leaseChoices.ts";
import { leaseCommand } from "./leaseCommand.ts";

export const lockActions = (
  held: HeldFiles,
  warningOf: (uri: vscode.Uri) => LockWarning | undefined,
): vscode.Disposable =>
  vscode.languages.registerCodeActionsProvider(
    { scheme: "file" },
    {
      provideCodeActions: ({ uri }, range, { diagnostics }) => {
        const warning = warningOf(uri);
        const found = held.file(uri);
        if (warning === undefined || found === undefined) return [];
        if (range.start.line > warning.line || range.end.line < warning.line) return [];
        return leaseChoices(found.reservation).map((choice) => {
          const action = new vscode.CodeAction(choice.label, vscode.CodeActionKind.QuickFix);
          action.command = { title: choice.label, ...leaseCommand(choice.act, found, uri) };
          action.diagnostics = diagnostics.filter(({ source }) => source === "Vibe");
          return action;
        });
      },
    },
    { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
  );
