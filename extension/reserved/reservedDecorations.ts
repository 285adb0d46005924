/**
 * Marks reserved files in the Explorer and on tabs. VS Code asks for each file that it shows and keeps the answer, so
 * it is told of changes only where it asked before.
 */
import * as vscode from "vscode";
import type { Vibe } from "../Vibe.ts";
import { type Decoration, decorate } from "./decorate.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { isFolder } from "./isFolder.ts";

/** VS Code drops what goes beyond 250 in one event; from here on one refresh of all is told. */
const mostUris = 200;
/** So many files are remembered as asked for; beyond it, changes are told by a refresh of all. */
const mostAsked = 2000;
const timingsKept = 1000;

export const reservedDecorations = (held: HeldFiles, { projects, probe }: Vibe): vscode.Disposable => {
  const changes = new vscode.EventEmitter<Array<vscode.Uri> | undefined>();
  const asked = new Map<string, vscode.Uri>();
  const mine = new Map<string, vscode.Uri>();
  const timings: Array<number> = [];

  /** At once for what nobody holds. What covers a file may not cover the folder of that name: those cost a `stat`. */
  const decorationOf = (uri: vscode.Uri): Promise<Decoration | undefined> | undefined => {
    const file = held.file(uri);
    const folder = held.folder(uri);
    keepMine(uri);
    if (file === undefined && folder === undefined) return undefined;
    return isFolder(uri.fsPath).then((is) => {
      const found = is ? folder : file;
      if (found === undefined) return undefined;
      const { project, reservation } = found;
      const color = vscode.workspace.getConfiguration("vibe").get("reservedColor", false);
      return decorate(project.model(), reservation, { color, live: project.state() === "live" });
    });
  };

  /** The menus of one's own files offer *Release*, by this key. */
  const keepMine = (uri: vscode.Uri) => {
    const found = held.file(uri) ?? held.folder(uri);
    const isMine = found !== undefined && found.reservation.mine.length > 0;
    if (isMine === mine.has(uri.fsPath)) return;
    if (isMine) mine.set(uri.fsPath, uri);
    else mine.delete(uri.fsPath);
    void vscode.commands.executeCommand("setContext", "vibe.mine", [...mine.keys()]);
  };

  const refresh = (uris: Array<vscode.Uri> | undefined) => {
    if (uris === undefined) asked.clear();
    changes.fire(uris);
  };

  probe?.set("decorationFor", (uri: string) => decorationOf(vscode.Uri.parse(uri)));
  probe?.set("timings", () => ({ decoration: timings }));

  return vscode.Disposable.from(
    changes,
    vscode.window.registerFileDecorationProvider({
      onDidChangeFileDecorations: changes.event,
      provideFileDecoration: (uri) => {
        if (uri.scheme !== "file" || projects.of(uri) === undefined) return undefined;
        if (asked.size < mostAsked) asked.set(uri.toString(), uri);
        return decorationOf(uri)?.then((found) => found && toFileDecoration(found));
      },
    }),
    held.onDidChange(({ project, touches }) => {
      for (const uri of [...mine.values()]) if (touches(uri)) keepMine(uri);
      const uris = asked.size < mostAsked ? [...asked.values()].filter(touches) : undefined;
      if (uris?.length === 0) return;
      refresh(uris === undefined || uris.length > mostUris ? undefined : uris);
      if (probe === undefined || project === undefined) return;
      timings.push(performance.now() - project.receivedAt());
      if (timings.length > timingsKept) timings.shift();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("vibe.reservedColor")) refresh(undefined);
    }),
  );
};

const toFileDecoration = ({ badge, tooltip, isColored }: Decoration): vscode.FileDecoration => {
  const color = isColored ? new vscode.ThemeColor("vibe.reservedForeground") : undefined;
  const decoration = new vscode.FileDecoration(badge, tooltip, color);
  decoration.propagate = false;
  return decoration;
};
