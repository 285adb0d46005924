/** The QuickPick of *Start Swarm*. */
import * as vscode from "vscode";
import { t } from "../text/t.ts";
import { forgetTask, pastTasks } from "./pastTasks.ts";
import { describeRuntime, type Runtime, type StartChoice, startChoices } from "./startChoices.ts";

type Item = vscode.QuickPickItem & { readonly choice: StartChoice };

export const askForTask = (
  context: vscode.ExtensionContext,
  /** Its common git directory. */
  project: string,
  runtime: Runtime,
): Promise<StartChoice | undefined> => {
  const pick = vscode.window.createQuickPick<Item>();
  const forget: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("close"), tooltip: t("Forget") };
  const settings: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("gear"),
    tooltip: t("Choose agent and planner"),
  };
  pick.title = t("Start Swarm ({0})", describeRuntime(runtime));
  pick.placeholder = t("What do you want done?");
  pick.ignoreFocusOut = true;
  pick.buttons = [settings];
  const fill = () => {
    pick.items = startChoices(pick.value, pastTasks(context, project), runtime).map((choice) => ({
      label: choice.label,
      // What is offered beside tasks must not vanish because the typed text does not match it.
      alwaysShow: choice.kind !== "past",
      ...(choice.detail === undefined ? {} : { detail: choice.detail }),
      ...(choice.kind === "past" ? { buttons: [forget] } : {}),
      choice,
    }));
    const [first] = pick.items;
    pick.activeItems = first === undefined ? [] : [first];
  };
  fill();
  return new Promise((resolve) => {
    const subscriptions = [
      pick.onDidChangeValue(fill),
      pick.onDidTriggerButton(() => {
        void vscode.commands.executeCommand("workbench.action.openSettings", "@id:vibe.agent,vibe.planner");
        pick.hide();
      }),
      pick.onDidTriggerItemButton(async ({ item }) => {
        if (item.choice.kind !== "past") return;
        await forgetTask(context, project, item.choice.task);
        fill();
      }),
      pick.onDidAccept(() => {
        resolve(pick.selectedItems[0]?.choice);
        pick.hide();
      }),
      pick.onDidHide(() => {
        resolve(undefined);
        for (const one of subscriptions) one.dispose();
        pick.dispose();
      }),
    ];
    pick.show();
  });
};
