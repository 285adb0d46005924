/** One lens above line 1 of a reserved file: whose it is, and a click from there what can be done. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { reservationLine } from "./Reservation.ts";

export const reservedLens = (held: HeldFiles): vscode.Disposable => {
  const changes = new vscode.EventEmitter<void>();
  return vscode.Disposable.from(
    changes,
    held.onDidChange(({ touches }) => {
      const isShown = vscode.window.visibleTextEditors.some(({ document }) => touches(document.uri));
      if (isShown) changes.fire();
    }),
    vscode.languages.registerCodeLensProvider(
      { scheme: "file" },
      {
        onDidChangeCodeLenses: changes.event,
        provideCodeLenses: ({ uri }) => {
          const found = held.file(uri);
          if (found === undefined) return [];
          const title = `${reservationLine(found.project.model(), found.reservation)}…`;
          const command = { title, command: commandIds.leaseActions, arguments: [uri] };
          return [new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), command)];
        },
      },
    ),
  );
};
