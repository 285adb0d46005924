/** Read-only pages of text that the extension shows in an editor: exact commands, outputs, a diagnosis. */
import * as vscode from "vscode";
import type { Vibe } from "../Vibe.ts";

const scheme = "vibe-text";
/** The pages shown last are kept; an editor that is still open on an older one shows what it had. */
const most = 20;
const pages = new Map<string, string>();
let last = 0;

export const textPages = (_: Vibe): vscode.Disposable =>
  vscode.workspace.registerTextDocumentContentProvider(scheme, {
    provideTextDocumentContent: ({ path }) => pages.get(path),
  });

export const showPage = async (name: string, text: string): Promise<vscode.TextEditor> => {
  last++;
  const uri = vscode.Uri.from({ scheme, path: `/${last}/${name.replaceAll("/", " ")}` });
  pages.set(uri.path, text);
  for (const key of [...pages.keys()].slice(0, -most)) pages.delete(key);
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
};
