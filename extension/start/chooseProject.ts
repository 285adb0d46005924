/** The project that a command is about: the only one, that of the editor in front, or the one that the person picks. */
import { basename } from "node:path";
import * as vscode from "vscode";
import type { Project } from "../project/Project.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";

/** Undefined when the person was told why there is none, or picked none. */
export const chooseProject = async ({ projects }: Vibe): Promise<Project | undefined> => {
  const all = projects.all();
  const [only, ...others] = all;
  if (only === undefined) {
    void vscode.window.showInformationMessage(whyNone(projects.state()));
    return undefined;
  }
  if (others.length === 0) return only;
  const editor = vscode.window.activeTextEditor;
  const front = editor === undefined ? undefined : projects.of(editor.document.uri);
  const items = all.map((project) => ({
    label: asPlainText(basename(project.root)),
    description: asPlainText(project.root),
    project,
  }));
  // The editor's own comes first, so that Enter means it.
  const sorted = items.toSorted((a, b) => Number(b.project === front) - Number(a.project === front));
  return (await vscode.window.showQuickPick(sorted, { placeHolder: t("In which repository?") }))?.project;
};

const whyNone = (state: ReturnType<Vibe["projects"]["state"]>): string => {
  switch (state) {
    case "no-folder":
      return t("No folder is open. Open the folder of a git repository first.");
    case "checkout":
      return t("This folder is an agent's checkout. Open the repository itself to start a swarm.");
    default:
      return t("This folder is not in a git repository. Run `git init` there and commit something first.");
  }
};
