/** What the person asked for before in each repository, the latest first. */
import type * as vscode from "vscode";

const key = "vibe.tasks";
const most = 50;
const longest = 20_000;

type Kept = Readonly<Record<string, unknown>>;

/** `project` is its common git directory. */
export const pastTasks = (context: vscode.ExtensionContext, project: string): ReadonlyArray<string> => {
  const tasks = context.globalState.get<Kept>(key, {})[project];
  return Array.isArray(tasks) ? tasks.filter((task): task is string => typeof task === "string") : [];
};

export const rememberTask = async (
  context: vscode.ExtensionContext,
  project: string,
  task: string,
): Promise<void> => {
  if (task.trim() === "" || task.length > longest) return;
  await keep(context, project, [task, ...without(context, project, task)].slice(0, most));
};

export const forgetTask = (context: vscode.ExtensionContext, project: string, task: string) =>
  keep(context, project, without(context, project, task));

/** Of every repository. */
export const forgetAllTasks = async ({ globalState }: vscode.ExtensionContext): Promise<void> => {
  await globalState.update(key, undefined);
};

const without = (context: vscode.ExtensionContext, project: string, task: string) =>
  pastTasks(context, project).filter((other) => other !== task);

const keep = async (
  { globalState }: vscode.ExtensionContext,
  project: string,
  tasks: ReadonlyArray<string>,
) => {
  await globalState.update(key, { ...globalState.get<Kept>(key, {}), [project]: tasks });
};
