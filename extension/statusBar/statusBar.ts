/** The status bar's one item. What it says is decided in `swarmStatus.ts`. */
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import { onDidChangePlannings, planningsUnderWay } from "../start/planning.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { refreshQueue } from "../views/hive/refreshQueue.ts";
import { showTooltip } from "../views/hive/showTooltip.ts";
import { openMatter } from "./openMatter.ts";
import { statusTooltip } from "./statusTooltip.ts";
import { type SwarmStatus, swarmStatus } from "./swarmStatus.ts";

/** Milliseconds between two changes of what it says. */
const drawPause = 250;
/** Milliseconds between two looks at what the passing of time changed. */
const tickPause = 30_000;

export const statusBar = (vibe: Vibe): vscode.Disposable => {
  const { projects, probe } = vibe;
  const item = vscode.window.createStatusBarItem("vibe.status", vscode.StatusBarAlignment.Left, 10);
  item.name = "OpenCode Vibe";
  item.command = commandIds.showWhatMatters;
  const noted = new Set<string>();

  const statusNow = (): SwarmStatus =>
    swarmStatus({
      state: projects.state(),
      projects: projects.all().map(({ commonDir, model }) => ({ commonDir, model: model() })),
      plannings: planningsUnderWay().length,
      now: Date.now(),
      noted,
    });

  let drawn = "";
  const draw = () => {
    const { kind, text, spoken, severity } = statusNow();
    const models = projects.all().map(({ model }) => model());
    const tooltip = statusTooltip({ spoken, models, now: Date.now() });
    const look = JSON.stringify([kind, text, spoken, severity, tooltip]);
    if (look === drawn) return;
    drawn = look;
    if (kind === "hidden") {
      item.hide();
      return;
    }
    item.text = text;
    item.accessibilityInformation = { label: t("Vibe: {0}", spoken), role: "button" };
    item.tooltip = showTooltip(tooltip);
    item.backgroundColor =
      severity === "normal" ? undefined : new vscode.ThemeColor(`statusBarItem.${severity}Background`);
    item.show();
  };

  const queue = refreshQueue(draw, drawPause);
  const ticking = setInterval(queue.ask, tickPause);
  draw();
  probe?.pending(queue.isPending);
  probe?.set("status", () => {
    const { kind, spoken, severity, matter } = statusNow();
    return { kind, text: item.text, spoken, severity, matter };
  });

  return vscode.Disposable.from(
    item,
    queue,
    { dispose: () => clearInterval(ticking) },
    projects.onDidChange(queue.ask),
    projects.onDidChangeProjects(queue.ask),
    onDidChangePlannings(queue.ask),
    vscode.commands.registerCommand(commandIds.showWhatMatters, () =>
      vibe.run(async () => {
        const { matter } = statusNow();
        if (matter.kind === "landed") noted.add(matter.cell);
        await openMatter(matter);
        queue.ask();
      }),
    ),
  );
};
