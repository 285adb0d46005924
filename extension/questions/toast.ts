/**
 * One toast for all that waits, in the window in front. Its text is always the same: the editor then replaces the
 * one before instead of piling them up.
 */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { waitsForYou } from "../views/hive/waitsForYou.ts";
import { announce } from "./announce.ts";
import { waitingKey } from "./waitingText.ts";

/** Milliseconds in which what comes is told together. */
const together = 400;

export const toast = (vibe: Vibe): vscode.Disposable => {
  const { projects, probe } = vibe;
  let told: ReadonlySet<string> = new Set();
  let timer: NodeJS.Timeout | undefined;
  let shown = 0;

  const keys = () =>
    projects
      .all()
      .flatMap((project) =>
        waitsForYou(project.model()).map((one) => `${project.commonDir}\n${waitingKey(one)}`),
      );

  const look = () => {
    timer = undefined;
    const step = announce(told, keys(), vscode.window.state.focused);
    told = step.told;
    if (step.now) void show();
  };
  const soon = () => {
    timer ??= setTimeout(look, together);
  };

  const show = async () => {
    shown++;
    const answer = t("Answer…");
    const choice = await vscode.window.showInformationMessage(
      t("Something of your swarms waits for you."),
      answer,
    );
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
    { dispose: () => clearTimeout(timer) },
  );
};
