/** *Show Log*: what the extension noted. */
import * as vscode from "vscode";
import type { Vibe } from "../Vibe.ts";
import { commandIds } from "./commandIds.ts";

export const showLog = ({ log }: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.showLog, () => log.show());
