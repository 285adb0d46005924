/**
 * Saving a file that another holds is the person's right, and recorded: the daemon is asked about the write, as any
 * writer is. Nothing waits for it.
 */
import * as vscode from "vscode";
import type { Vibe } from "../Vibe.ts";
import type { HeldFiles } from "./HeldFiles.ts";

export const recordWrites = (held: HeldFiles, { log }: Vibe): vscode.Disposable =>
  vscode.workspace.onDidSaveTextDocument(async ({ uri }) => {
    const found = held.file(uri);
    // Of a daemon that is not there nothing is asked: it is not started for this.
    if (found === undefined || found.reservation.others.length === 0 || found.project.state() !== "live")
      return;
    try {
      const client = await found.project.client();
      await client.reservations.writeCheck({ project: found.project.root, path: uri.fsPath });
    } catch (cause) {
      log.warn(`${uri.fsPath}: the save could not be recorded: ${(cause as Error).message}`);
    }
  });
