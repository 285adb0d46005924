/** The checkout that a command is about; says so when it is gone. */
import * as vscode from "vscode";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import type { HiveEntry } from "../../views/hive/hiveTree.ts";
import { chosenCell } from "./chosenCell.ts";

export const chosenCheckout = async (
  vibe: Vibe,
  choice: { readonly argument: unknown; readonly placeholder: string },
): Promise<{ readonly entry: HiveEntry; readonly folder: string } | undefined> => {
  const chosen = await chosenCell(vibe, {
    ...choice,
    word: "folder",
    none: t("No cell has a checkout now."),
  });
  if (chosen === undefined) return undefined;
  const { entry } = chosen;
  const folder = entry.subtask?.folder;
  if (folder != null) return { entry, folder };
  void vscode.window.showInformationMessage(
    t("Its checkout is gone: the attempt is over. What it made is in the cell's changes."),
  );
  return undefined;
};
