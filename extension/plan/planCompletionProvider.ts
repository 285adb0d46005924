/** Completes paths and dependencies in plan documents. Folders are read one at a time, so a huge repository is none. */
import * as vscode from "vscode";
import { completePlan, type FolderEntry, type PlanCompletion } from "./completePlan.ts";
import { draftOf } from "./PlanDrafts.ts";
import { type PlanDocuments, planSelector } from "./planDocuments.ts";

export const planCompletionProvider = (documents: PlanDocuments): vscode.Disposable =>
  vscode.languages.registerCompletionItemProvider(
    [...planSelector],
    {
      provideCompletionItems: async (document, position) => {
        const root = draftOf(document.uri)?.root ?? documents.projectOf(document)?.root;
        if (root === undefined || !vscode.workspace.isTrusted) return undefined;
        const offset = document.offsetAt(position);
        const found = await completePlan(document.getText(), offset, (folder) => list(root, folder));
        if (found === undefined) return undefined;
        const start = document.positionAt(found.offset);
        const end = document.positionAt(found.offset + found.length);
        return found.items.map((item) =>
          asItem(item, {
            inserting: new vscode.Range(start, position),
            replacing: new vscode.Range(start, end),
          }),
        );
      },
    },
    '"',
    "/",
  );

const list = async (root: string, folder: string): Promise<ReadonlyArray<FolderEntry>> => {
  const uri = vscode.Uri.joinPath(vscode.Uri.file(root), folder);
  // What is being typed may name no folder.
  const entries = await vscode.workspace.fs.readDirectory(uri).then(
    (found) => found,
    () => [],
  );
  return entries.map(([name, type]) => ({ name, isFolder: (type & vscode.FileType.Directory) !== 0 }));
};

const kinds = {
  file: vscode.CompletionItemKind.File,
  folder: vscode.CompletionItemKind.Folder,
  subtask: vscode.CompletionItemKind.Reference,
} as const;

const asItem = (
  { label, detail, insert, kind, goesOn }: PlanCompletion,
  range: { readonly inserting: vscode.Range; readonly replacing: vscode.Range },
): vscode.CompletionItem => {
  const item = new vscode.CompletionItem(label, kinds[kind]);
  item.insertText = insert;
  item.filterText = insert;
  item.range = range;
  if (detail !== undefined) item.detail = detail;
  if (goesOn) item.command = { title: "", command: "editor.action.triggerSuggest" };
  return item;
};
