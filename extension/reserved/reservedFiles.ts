/** Reserved files: what the editor shows of leases, and what the person can do about them. */
import * as vscode from "vscode";
import type { Vibe } from "../Vibe.ts";
import { askToHandOver } from "./askToHandOver.ts";
import { openHeldFiles } from "./HeldFiles.ts";
import { leaseActions } from "./leaseActions.ts";
import { lockWarnings } from "./lockWarnings.ts";
import { recordWrites } from "./recordWrites.ts";
import { releaseMine } from "./releaseMine.ts";
import { reservedDecorations } from "./reservedDecorations.ts";
import { reservedLens } from "./reservedLens.ts";
import { reservedStatus } from "./reservedStatus.ts";
import { reserveForMe } from "./reserveForMe.ts";
import { rulerMark } from "./rulerMark.ts";
import { takeOver } from "./takeOver.ts";

export const reservedFiles = (vibe: Vibe): vscode.Disposable => {
  const held = openHeldFiles(vibe);
  return vscode.Disposable.from(
    held,
    reservedDecorations(held, vibe),
    reservedLens(held),
    rulerMark(held),
    reservedStatus(held),
    lockWarnings(held, vibe),
    recordWrites(held, vibe),
    leaseActions(held, vibe),
    askToHandOver(held, vibe),
    takeOver(held, vibe),
    reserveForMe(held, vibe),
    releaseMine(held, vibe),
  );
};
