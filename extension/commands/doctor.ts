/** *Doctor*: what our command line finds of this machine and project, and what only the editor knows. */
import * as vscode from "vscode";
import type { Diagnosis } from "../../shared/contract/daemonRoutes.ts";
import { requireTrust } from "../start/requireTrust.ts";
import { showPage } from "../text/TextPages.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { commandIds } from "./commandIds.ts";
import { doctorPage } from "./doctorPage.ts";
import { runCli } from "./runCli.ts";

type Line = typeof Diagnosis.Type;

export const doctor = (vibe: Vibe): vscode.Disposable => {
  const examine = async () => {
    // It looks for programs by starting them.
    if (!requireTrust()) return;
    const options = { location: vscode.ProgressLocation.Notification, title: t("Looking at this machine…") };
    const page = await vscode.window.withProgress(options, async () => {
      const root = vibe.projects.all()[0]?.root ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
      const where = root === undefined ? [] : ["--project", root];
      const printed = await runCli(vibe.context, "doctor", "--json", ...where);
      return doctorPage([...(JSON.parse(printed) as ReadonlyArray<Line>), ...editorLines(vibe)]);
    });
    await showPage(t("Doctor"), page);
  };
  return vscode.commands.registerCommand(commandIds.doctor, () => vibe.run(examine));
};

const editorLines = ({ context, projects }: Vibe): ReadonlyArray<Line> => [
  {
    what: "editor",
    ok: true,
    detail: `${vscode.env.appName} ${vscode.version}, extension ${context.extension.packageJSON.version}`,
  },
  {
    what: "editor's agent",
    ok: true,
    note: true,
    detail: "all chats of one window use our tools as one agent, with the same leases",
    remedy: "To tell two apart, have them in two windows.",
  },
  ...projects.all().flatMap((project): ReadonlyArray<Line> => {
    const problem = project.problem();
    if (project.state() !== "down" || problem === undefined) return [];
    return [
      {
        what: "project",
        ok: false,
        detail: `${project.root}: ${problem}`,
        remedy: "Run *Vibe: Restart Daemon*.",
      },
    ];
  }),
];
