/**
 * The drafts of this window, as documents: `vibe-plan:/<id>/<name>`.
 */
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { type Draft, type DraftStore, openDraftStore } from "./DraftStore.ts";

export const planScheme = "vibe-plan";

const changes = new vscode.EventEmitter<Draft>();
let opened: Promise<DraftStore> | undefined;
let store: DraftStore | undefined;

export const onDidChangeDrafts = changes.event;

/** Read when they are first asked for. */
export const draftStore = (context: vscode.ExtensionContext): Promise<DraftStore> => {
  opened ??= openDraftStore(draftFolder(context), (draft) => changes.fire(draft)).then((found) => {
    store = found;
    for (const draft of found.all()) changes.fire(draft);
    return found;
  });
  return opened;
};

/** A folder for each workspace, all in one place, so that nothing of them is left when everything is removed. */
const draftFolder = ({ storageUri, globalStorageUri }: vscode.ExtensionContext): string =>
  join(allDrafts(globalStorageUri), storageUri === undefined ? "none" : basename(dirname(storageUri.fsPath)));

const allDrafts = (globalStorage: vscode.Uri): string => join(globalStorage.fsPath, "plans");

/** Of every workspace, for good, and the editors of this window that show some. */
export const removeAllDrafts = async (context: vscode.ExtensionContext): Promise<void> => {
  // An editor with unsaved text would ask.
  const shown = vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === planScheme);
  for (const document of shown) if (document.isDirty) await document.save();
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  await vscode.window.tabGroups.close(
    tabs.filter(({ input }) => input instanceof vscode.TabInputText && input.uri.scheme === planScheme),
  );
  for (const { id } of (await draftStore(context)).all()) await store?.remove(id);
  await rm(allDrafts(context.globalStorageUri), { recursive: true, force: true });
};

export const draftUri = ({ id, name }: Pick<Draft, "id" | "name">): vscode.Uri =>
  vscode.Uri.from({ scheme: planScheme, path: `/${id}/${name}` });

export const draftIdOf = (uri: vscode.Uri): string | undefined =>
  uri.scheme === planScheme ? uri.path.split("/")[1] : undefined;

/** The draft that a document shows. */
export const draftOf = (uri: vscode.Uri): Draft | undefined => store?.get(draftIdOf(uri) ?? "");
