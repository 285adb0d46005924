/**
 * Makes drafts documents that can be edited and saved like any other, without a file in the working tree. Drafts come
 * and go by commands; the file system itself makes, renames and deletes none.
 */
import * as vscode from "vscode";
import type { Vibe } from "../Vibe.ts";
import type { Draft } from "./DraftStore.ts";
import { draftIdOf, draftStore, draftUri, onDidChangeDrafts, planScheme } from "./PlanDrafts.ts";

export const planFileSystem = ({ context }: Vibe): vscode.Disposable => {
  const changes = new vscode.EventEmitter<Array<vscode.FileChangeEvent>>();
  const find = async (uri: vscode.Uri): Promise<Draft> => {
    const draft = (await draftStore(context)).get(draftIdOf(uri) ?? "");
    if (draft === undefined || draftUri(draft).path !== uri.path)
      throw vscode.FileSystemError.FileNotFound(uri);
    return draft;
  };
  const listening = onDidChangeDrafts(async (draft) => {
    const isThere = (await draftStore(context)).get(draft.id) !== undefined;
    const type = isThere ? vscode.FileChangeType.Changed : vscode.FileChangeType.Deleted;
    changes.fire([{ type, uri: draftUri(draft) }]);
  });
  const refuse = (uri: vscode.Uri): never => {
    throw vscode.FileSystemError.NoPermissions(uri);
  };
  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changes.event,
    watch: () => new vscode.Disposable(() => undefined),
    stat: async (uri) => {
      const draft = await find(uri);
      return {
        type: vscode.FileType.File,
        ctime: draft.createdAt,
        mtime: draft.changedAt,
        size: Buffer.byteLength(draft.text),
      };
    },
    readFile: async (uri) => Buffer.from((await find(uri)).text),
    writeFile: async (uri, content) => {
      const draft = await find(uri);
      await (await draftStore(context)).write(draft.id, Buffer.from(content).toString("utf8"));
    },
    readDirectory: () => [],
    createDirectory: refuse,
    rename: refuse,
    delete: refuse,
  };
  return vscode.Disposable.from(
    listening,
    changes,
    vscode.workspace.registerFileSystemProvider(planScheme, provider, { isCaseSensitive: true }),
  );
};
