/**
 * *Answer…*: what waits for the person, and what can be done about it. Called on a node it is about that; without
 * one, everything that waits is listed, and the list is as of now for as long as it is open.
 */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { Project } from "../project/Project.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { type Waiting, waitsForYou } from "../views/hive/waitsForYou.ts";
import { answerGate } from "./answerGate.ts";
import { answerMail } from "./answerMail.ts";
import { tooLate } from "./tooLate.ts";
import { waitingKey, waitingText } from "./waitingText.ts";

interface Found {
  readonly project: Project;
  readonly waiting: Waiting;
}

export const answerQuestion = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.answerQuestion, (argument: unknown) =>
    vibe.run(async () => {
      const found = argument === undefined ? await choose(vibe) : await named(vibe, argument);
      if (found !== undefined) await act(found);
    }),
  );

const act = async ({ project, waiting }: Found): Promise<void> => {
  switch (waiting.kind) {
    case "question":
      return answerMail(project, waiting.message);
    case "answer":
      return answerGate(project, waiting.epic, waiting.cell);
    default:
      return offer(project, waiting);
  }
};

/** What can be done is done by commands that ask for themselves where there is no way back. */
const offer = async (project: Project, waiting: Exclude<Waiting, { kind: "question" | "answer" }>) => {
  const { label, detail } = waitingText(project.model(), waiting);
  const cell = waiting.kind === "blocked" ? waiting.cell : waiting.epic;
  const choice = await vscode.window.showQuickPick(choicesOf(waiting.kind), {
    title: label,
    placeHolder: detail,
  });
  if (choice !== undefined)
    await vscode.commands.executeCommand(choice.command, { project: project.commonDir, cell });
};

const choicesOf = (kind: "blocked" | "stopped" | "land") => {
  const one = (label: string, icon: string, command: string) => ({
    label,
    iconPath: new vscode.ThemeIcon(icon),
    command,
  });
  switch (kind) {
    case "blocked":
      return [
        one(t("Retry"), "debug-restart", commandIds.retryCell),
        one(t("Show Changes"), "diff-multiple", commandIds.openDiff),
        one(t("Open Log"), "output", commandIds.openLog),
      ];
    case "stopped":
      return [
        one(t("Resume"), "debug-continue", commandIds.resumeSwarm),
        one(t("Cancel Swarm…"), "circle-slash", commandIds.cancelSwarm),
        one(t("Discard…"), "trash", commandIds.discardEpic),
      ];
    case "land":
      return [
        one(t("Show Changes"), "diff-multiple", commandIds.openDiff),
        one(t("Land…"), "check-all", commandIds.landEpic),
        one(t("Send Back…"), "reply", commandIds.sendBack),
        one(t("Discard…"), "trash", commandIds.discardEpic),
      ];
  }
};

/** What waits at the node that the command was called on; when nothing does any more, the person is told why. */
const named = async ({ projects }: Vibe, argument: unknown): Promise<Found | undefined> => {
  const { project: commonDir, cell, mail } = argument as Readonly<Record<string, unknown>>;
  const project = projects.all().find((one) => one.commonDir === commonDir);
  if (project === undefined) return undefined;
  if (typeof mail === "string") return { project, waiting: { kind: "question", message: mail } };
  const model = project.model();
  const isAbout = (one: Waiting) =>
    one.kind !== "question" && ("cell" in one ? one.cell === cell : one.epic === cell);
  const waiting =
    waitsForYou(model).find(isAbout) ??
    // Of an epic, what waits in it.
    waitsForYou(model).find((one) => one.kind !== "question" && one.epic === cell);
  if (waiting !== undefined) return { project, waiting };
  const swarm = [...model.swarms.values()].find(
    ({ epic, subtasks }) => epic === cell || subtasks.some(({ id }) => id === cell),
  );
  if (swarm === undefined) nothingWaits();
  else
    await tooLate(project, { stream: `swarm/${swarm.epic}`, ...(typeof cell === "string" ? { cell } : {}) });
  return undefined;
};

const nothingWaits = (): void => {
  void vscode.window.showInformationMessage(t("Nothing waits for you."));
};

interface Item extends vscode.QuickPickItem, Found {}

const itemsOf = ({ projects }: Vibe): ReadonlyArray<Item> =>
  projects.all().flatMap((project) =>
    waitsForYou(project.model()).map((waiting) => {
      const { icon, label, detail } = waitingText(project.model(), waiting);
      const where = projects.all().length > 1 ? { description: asPlainText(project.root, 80) } : {};
      return { label, detail, iconPath: new vscode.ThemeIcon(icon), project, waiting, ...where };
    }),
  );

const keyOf = ({ project, waiting }: Found): string => `${project.commonDir}\n${waitingKey(waiting)}`;

const choose = (vibe: Vibe): Promise<Found | undefined> => {
  const items = itemsOf(vibe);
  if (items.length === 0) {
    nothingWaits();
    return Promise.resolve(undefined);
  }
  return new Promise((resolve) => {
    const pick = vscode.window.createQuickPick<Item>();
    pick.title = t("Waits for you");
    pick.matchOnDetail = true;
    pick.items = items;
    const changed = vibe.projects.onDidChange(() => {
      const now = itemsOf(vibe);
      if (now.map(keyOf).join("\n") !== pick.items.map(keyOf).join("\n")) pick.items = now;
    });
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      changed.dispose();
      pick.dispose();
    });
    pick.show();
  });
};
