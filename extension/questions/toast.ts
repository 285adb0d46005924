/**
 * One toast for all that waits, in the window in front. While it stands, what comes is told with the next one and not
 * in a second one above it.
 */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { waitsForYou } from "../views/hive/waitsForYou.ts";
import { announce } from "./announce.ts";
import { toastText, type Waits } from "./toastText.ts";
import { waitingKey } from "./waitingText.ts";

/** Milliseconds in which what comes is told together, and that the editor leaves a toast standing. */
const together = 400;
const stands = 15_000;

export const toast = (vibe: Vibe): vscode.Disposable => {
  const { projects, probe } = vibe;
  let told: ReadonlySet<string> = new Set();
  let timer: NodeJS.Timeout | undefined;
  let later: NodeJS.Timeout | undefined;
  const shown: Array<string> = [];

  const all = (): ReadonlyMap<string, Waits> =>
    new Map(
      projects.all().flatMap((project) => {
        const model = project.model();
        return waitsForYou(model).map(
          (waiting) => [`${project.commonDir}\n${waitingKey(waiting)}`, { model, waiting }] as const,
        );
      }),
    );

  const look = () => {
    timer = undefined;
    // The one before still stands: `later` looks again when it does not.
    if (later !== undefined) return;
    const waits = all();
    const step = announce(told, [...waits.keys()], vscode.window.state.focused);
    told = step.told;
    if (step.now) void show([...waits.values()]);
  };
  const soon = () => {
    timer ??= setTimeout(look, together);
  };
  const stood = () => {
    clearTimeout(later);
    later = undefined;
    soon();
  };

  const show = async (waits: ReadonlyArray<Waits>) => {
    later = setTimeout(stood, stands);
    const { text, isWarning } = toastText(waits);
    shown.push(text);
    const answer = t("Answer…");
    const tell = isWarning ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
    const choice = await tell(text, answer);
    stood();
    // By now it may have been answered elsewhere: the command says so.
    if (choice === answer) await vscode.commands.executeCommand(commandIds.answerQuestion);
  };

  probe?.pending(() => timer !== undefined);
  probe?.set("toasts", () => shown);
  return vscode.Disposable.from(
    projects.onDidChange(({ change }) => {
      if (change.whole || change.mail || change.swarms.size > 0) soon();
    }),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) soon();
    }),
    {
      dispose: () => {
        clearTimeout(timer);
        clearTimeout(later);
      },
    },
  );
};
