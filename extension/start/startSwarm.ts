/** *Start Swarm*, *New Plan by Hand* and *Make a Plan of This*: from what the person wants to a plan to approve. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import { closeDraft } from "../plan/closeDraft.ts";
import { draftName, type NewDraft } from "../plan/DraftStore.ts";
import { draftOf, draftStore, draftUri } from "../plan/PlanDrafts.ts";
import { emptyPlan, planTitle, tidyPlan } from "../plan/tidyPlan.ts";
import type { Project } from "../project/Project.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { askForTask } from "./askForTask.ts";
import { chooseProject } from "./chooseProject.ts";
import { rememberTask } from "./pastTasks.ts";
import { cancelPlanning, planTask } from "./planning.ts";
import { requireTrust } from "./requireTrust.ts";
import type { Runtime } from "./startChoices.ts";

export const startSwarm = (vibe: Vibe): vscode.Disposable => {
  const { context } = vibe;

  const open = async (project: Project, draft: Pick<NewDraft, "kind" | "name" | "text" | "task">) => {
    const { commonDir, root } = project;
    const made = await (await draftStore(context)).create({ ...draft, commonDir, root });
    return draftUri(made);
  };
  const show = async (uri: vscode.Uri) => {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: false });
  };

  const byHand = async (project: Project, task: string | undefined) => {
    const title = task?.split("\n")[0]?.trim().slice(0, 100) || t("What is to be done");
    const about = task === undefined ? {} : { task };
    const name = draftName("plan", task === undefined ? "plan" : title);
    await show(await open(project, { kind: "plan", name, text: emptyPlan(title), ...about }));
  };

  const plan = async (project: Project, task: string) => {
    const { planner } = runtime();
    await rememberTask(context, project.commonDir, task);
    if (planner === "") return byHand(project, task);
    const attention = watchAttention();
    try {
      const text = tidyPlan(await planTask(project, task, planner));
      const title = planTitle(text) ?? task;
      const uri = await open(project, { kind: "plan", name: draftName("plan", title), text, task });
      if (!attention.isElsewhere()) return await show(uri);
      void offer(uri, title);
    } finally {
      attention.dispose();
    }
  };

  /** The person went on with something else meanwhile: nothing is put under their fingers. */
  const offer = (uri: vscode.Uri, title: string) =>
    vibe.run(async () => {
      const look = t("Open Plan");
      const message = t("A plan waits for your approval: {0}", asPlainText(title, 100));
      if ((await vscode.window.showInformationMessage(message, look)) === look) await show(uri);
    });

  const start = async () => {
    if (!requireTrust()) return;
    const project = await chooseProject(vibe);
    if (project === undefined) return;
    const choice = await askForTask(context, project.commonDir, runtime());
    switch (choice?.kind) {
      case undefined:
        return;
      case "new":
      case "past":
        return plan(project, choice.task);
      case "write":
        return show(await open(project, { kind: "task", name: draftName("task", ""), text: "" }));
      case "hand":
        return byHand(project, undefined);
      case "planner":
        await vscode.commands.executeCommand("workbench.action.openSettings", "@id:vibe.planner");
    }
  };

  const newPlan = async () => {
    const project = requireTrust() ? await chooseProject(vibe) : undefined;
    if (project !== undefined) await byHand(project, undefined);
  };

  const planOfDocument = async (given: unknown) => {
    const uri = given instanceof vscode.Uri ? given : vscode.window.activeTextEditor?.document.uri;
    const draft = uri === undefined ? undefined : draftOf(uri);
    if (uri === undefined || draft?.kind !== "task" || !requireTrust()) return;
    const document = await vscode.workspace.openTextDocument(uri);
    const task = document.getText().trim();
    if (task === "") throw new Error(t("The task is empty. Write what you want done first."));
    const project = vibe.projects.all().find(({ commonDir }) => commonDir === draft.commonDir);
    if (project === undefined) throw new Error(t("The repository of this task is not open in this window."));
    // What was written is kept until there is a plan of it.
    await document.save();
    await plan(project, task);
    await closeDraft(await draftStore(context), document);
  };

  const command = (id: string, act: (given: unknown) => Promise<unknown>) =>
    vscode.commands.registerCommand(id, (given: unknown) => vibe.run(() => act(given)));
  return vscode.Disposable.from(
    command(commandIds.startSwarm, start),
    command(commandIds.newPlan, newPlan),
    command(commandIds.planTask, planOfDocument),
    command(commandIds.cancelPlanning, async (node) =>
      cancelPlanning((node as { planning?: string } | undefined)?.planning),
    ),
  );
};

const runtime = (): Runtime => {
  const settings = vscode.workspace.getConfiguration("vibe");
  const text = (key: string) => settings.get<string>(key, "").trim();
  return { planner: text("planner"), agent: text("agent") };
};

/** Whether the person typed anything since. */
const watchAttention = () => {
  let typed = false;
  const listening = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
    const isInFront = vscode.window.activeTextEditor?.document === document;
    if (isInFront && contentChanges.length > 0) typed = true;
  });
  return { isElsewhere: () => typed, dispose: () => listening.dispose() };
};
