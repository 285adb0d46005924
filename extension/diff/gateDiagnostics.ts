/** What the gate found, as problems of the files that a diff shows. They go when the files are closed. */
import * as vscode from "vscode";
import type { GateProblem } from "./gateProblems.ts";

export interface GateDiagnostics extends vscode.Disposable {
  readonly show: (
    problems: ReadonlyArray<GateProblem>,
    uriOf: (path: string) => vscode.Uri | undefined,
  ) => void;
}

export const gateDiagnostics = (): GateDiagnostics => {
  const collection = vscode.languages.createDiagnosticCollection("vibe.gate");
  const closed = vscode.workspace.onDidCloseTextDocument(({ uri }) => collection.delete(uri));
  return {
    show: (problems, uriOf) => {
      const byPath = Map.groupBy(problems, ({ path }) => path);
      for (const [path, found] of byPath) {
        const uri = uriOf(path);
        if (uri !== undefined) collection.set(uri, found.map(asDiagnostic));
      }
    },
    dispose: () => {
      closed.dispose();
      collection.dispose();
    },
  };
};

const asDiagnostic = ({ line, column, message }: GateProblem): vscode.Diagnostic => {
  const at = new vscode.Position(line - 1, column - 1);
  const range = new vscode.Range(at, column === 1 ? at.with({ character: 200 }) : at.translate(0, 1));
  const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
  diagnostic.source = "Vibe gate";
  return diagnostic;
};
