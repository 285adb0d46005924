/**
 * Warns the person while typing in a file that another holds: once for each file and lease, at the line of the first
 * edit, until the person saves or reverts the file or the lease is over.
 */
import * as vscode from "vscode";
import type { ProjectModel } from "../project/ProjectModel.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { decideLockWarning, type EditFacts, type LockWarningMode } from "./decideLockWarning.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { inEditor, inProblems, type LockWarning } from "./LockWarning.ts";
import { type Hold, heldText, holderOf, whoText } from "./leaseText.ts";
import { lockActions } from "./lockActions.ts";
import { movedLine } from "./movedLine.ts";

export const lockWarnings = (held: HeldFiles, { probe }: Vibe): vscode.Disposable => {
  const displays = { editor: inEditor(), problems: inProblems() };
  const warnings = new Map<string, LockWarning>();
  const warned = new Map<string, Set<string>>();
  /** Documents that are being saved, and whether the person asked for it. */
  const saving = new Map<string, { readonly byHand: boolean }>();
  /** The last change of documents that were not dirty after it. */
  const clean = new Map<string, Edit>();

  const mode = () => vscode.workspace.getConfiguration("vibe").get<LockWarningMode>("lockWarning", "editor");

  const show = (warning: LockWarning) => {
    warnings.set(warning.uri.toString(), warning);
    displays[warning.mode].show(warning);
  };

  const clear = (uri: vscode.Uri) => {
    const warning = warnings.get(uri.toString());
    if (warning === undefined) return;
    warnings.delete(uri.toString());
    displays[warning.mode].clear(uri);
  };

  const edited = ({ document, contentChanges, reason }: vscode.TextDocumentChangeEvent) => {
    const { uri, isDirty } = document;
    if (uri.scheme !== "file") return;
    const key = uri.toString();
    const warning = warnings.get(key);
    if (warning !== undefined) {
      const line = movedLine(warning.line, contentChanges);
      // Clean again, and by no save: reverted, or undone to where it was.
      if (contentChanges.length === 0 && !isDirty && !saving.has(key)) clear(uri);
      else if (line !== warning.line) show({ ...warning, line });
      return;
    }
    // VS Code tells of the first edit before it knows that the document is dirty, and of that in an event without
    // a change: the two are one.
    const hasChange = contentChanges.some(({ text, rangeLength }) => text !== "" || rangeLength > 0);
    const edit: Edit | undefined = hasChange
      ? { line: contentChanges[0]?.range.start.line ?? 0, reason: reasons.get(reason) ?? "typing" }
      : clean.get(key);
    if (isDirty || edit === undefined) clean.delete(key);
    else clean.set(key, edit);
    const found = held.file(uri);
    // Every key that is pressed in a file that nobody else holds comes up to here.
    if (found === undefined || found.reservation.others.length === 0) return;
    const { lease } = found.reservation;
    const shownAs = mode();
    const decision = decideLockWarning({
      mode: shownAs,
      scheme: uri.scheme,
      live: found.project.state() === "live",
      lease: lease.lease,
      warned: warned.get(key) ?? new Set(),
      hasChange: edit !== undefined,
      reason: edit?.reason ?? "typing",
      isDirty,
      isSaving: saving.has(key),
      isActiveEditor: vscode.window.activeTextEditor?.document === document,
      isWindowFocused: vscode.window.state.focused,
    });
    if (!decision.warn || shownAs === "off") return;
    warned.set(key, (warned.get(key) ?? new Set()).add(decision.lease));
    const texts = textsOf(found.project.model(), lease);
    show({ uri, lease: decision.lease, line: edit?.line ?? 0, ...texts, mode: shownAs });
  };

  /** The lease may be over, or say something else. */
  const look = (touches: (uri: vscode.Uri) => boolean) => {
    for (const warning of [...warnings.values()]) {
      if (!touches(warning.uri)) continue;
      const found = held.file(warning.uri);
      const lease = found?.reservation.others.find((one) => one.lease === warning.lease);
      if (found === undefined || lease === undefined) clear(warning.uri);
      else show({ ...warning, ...textsOf(found.project.model(), lease) });
    }
  };

  probe?.set("warningFor", (uri: string) => {
    const warning = warnings.get(vscode.Uri.parse(uri).toString());
    return warning && { line: warning.line, text: warning.text, mode: warning.mode };
  });

  return vscode.Disposable.from(
    displays.editor,
    displays.problems,
    lockActions(held, (uri) => warnings.get(uri.toString())),
    vscode.workspace.onDidChangeTextDocument(edited),
    vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
      const byHand = reason === vscode.TextDocumentSaveReason.Manual;
      saving.set(document.uri.toString(), { byHand });
    }),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      const key = uri.toString();
      // What saves itself a second after each edit would take the warning away before it is read.
      if (saving.get(key)?.byHand !== false) clear(uri);
      saving.delete(key);
    }),
    // A save that failed says nothing; the person who moves on in the file does.
    vscode.window.onDidChangeTextEditorSelection(({ kind, textEditor }) => {
      if (kind !== undefined) saving.delete(textEditor.document.uri.toString());
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      saving.delete(uri.toString());
      clean.delete(uri.toString());
      clear(uri);
    }),
    vscode.workspace.onDidRenameFiles(({ files }) => {
      for (const { oldUri } of files) clear(oldUri);
    }),
    // An editor that comes to be shown has no decorations yet.
    vscode.window.onDidChangeVisibleTextEditors((editors) => {
      for (const { document } of editors) {
        const warning = warnings.get(document.uri.toString());
        if (warning?.mode === "editor") displays.editor.show(warning);
      }
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration("vibe.lockWarning")) return;
      for (const { uri } of [...warnings.values()]) clear(uri);
    }),
    held.onDidChange(({ touches }) => look(touches)),
  );
};

interface Edit {
  readonly line: number;
  readonly reason: EditFacts["reason"];
}

const reasons = new Map<vscode.TextDocumentChangeReason | undefined, "undo" | "redo">([
  [vscode.TextDocumentChangeReason.Undo, "undo"],
  [vscode.TextDocumentChangeReason.Redo, "redo"],
]);

const textsOf = (model: ProjectModel, lease: Hold) => ({
  text: heldText(model, lease),
  brief: t("Held by {0}", whoText(holderOf(model, lease))),
});
