/** A mark in the overview ruler, at line 1, of files that another holds. */
import * as vscode from "vscode";
import type { HeldFiles } from "./HeldFiles.ts";

export const rulerMark = (held: HeldFiles): vscode.Disposable => {
  const type = vscode.window.createTextEditorDecorationType({
    overviewRulerColor: new vscode.ThemeColor("vibe.reservedForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
  });
  const mark = (editor: vscode.TextEditor) => {
    const isOthers = (held.file(editor.document.uri)?.reservation.others.length ?? 0) > 0;
    editor.setDecorations(type, isOthers ? [new vscode.Range(0, 0, 0, 0)] : []);
  };
  const markAll = (editors: ReadonlyArray<vscode.TextEditor>) => {
    for (const editor of editors) if (editor.document.uri.scheme === "file") mark(editor);
  };
  markAll(vscode.window.visibleTextEditors);
  return vscode.Disposable.from(
    type,
    vscode.window.onDidChangeVisibleTextEditors(markAll),
    held.onDidChange(({ touches }) =>
      markAll(vscode.window.visibleTextEditors.filter(({ document }) => touches(document.uri))),
    ),
  );
};
