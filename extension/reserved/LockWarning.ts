/** One warning in one document: that the person types in a file which another holds. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { LockWarningMode } from "./decideLockWarning.ts";

export interface LockWarning {
  readonly uri: vscode.Uri;
  readonly lease: string;
  /** From 0: the line of the first edit, moved along with what is typed above it. */
  readonly line: number;
  /** One sanitised line. */
  readonly text: string;
  /** Fits behind a line: who, and no more. */
  readonly brief: string;
  readonly mode: Exclude<LockWarningMode, "off">;
}

/** Shows warnings in the way of their mode. */
export interface LockWarningDisplay {
  readonly show: (warning: LockWarning) => void;
  readonly clear: (uri: vscode.Uri) => void;
  readonly dispose: () => void;
}

/** Behind the line that was edited, in the editors of that file: nowhere else, so that no list is filled by it. */
export const inEditor = (): LockWarningDisplay => {
  const type = vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    after: { margin: "0 0 0 3em", color: new vscode.ThemeColor("editorWarning.foreground") },
  });
  const draw = (uri: vscode.Uri, decorations: ReadonlyArray<vscode.DecorationOptions>) => {
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.uri.toString() === uri.toString()) editor.setDecorations(type, [...decorations]);
    }
  };
  return {
    show: ({ uri, line, text, brief }) => {
      const end = new vscode.Position(line, Number.MAX_SAFE_INTEGER);
      const renderOptions = { after: { contentText: `⚠ ${brief}` } };
      draw(uri, [{ range: new vscode.Range(end, end), hoverMessage: hover(uri, text), renderOptions }]);
    },
    clear: (uri) => draw(uri, []),
    dispose: () => type.dispose(),
  };
};

const hover = (uri: vscode.Uri, text: string): vscode.MarkdownString => {
  const hoverText = new vscode.MarkdownString();
  hoverText.isTrusted = { enabledCommands: [commandIds.leaseActions] };
  // What agents named is text here, and no Markdown.
  hoverText.appendText(text);
  const argument = encodeURIComponent(JSON.stringify([uri.toString()]));
  const label = vscode.l10n.t("What can I do?");
  return hoverText.appendMarkdown(`\n\n[${label}](command:${commandIds.leaseActions}?${argument})`);
};

export const inProblems = (): LockWarningDisplay => {
  const problems = vscode.languages.createDiagnosticCollection("vibe.lockWarning");
  return {
    show: ({ uri, line, text }) => {
      const range = new vscode.Range(line, 0, line, Number.MAX_SAFE_INTEGER);
      const problem = new vscode.Diagnostic(range, text, vscode.DiagnosticSeverity.Warning);
      problem.source = "Vibe";
      problems.set(uri, [problem]);
    },
    clear: (uri) => problems.delete(uri),
    dispose: () => problems.dispose(),
  };
};
