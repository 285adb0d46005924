/**
 * *Open Changes* and *Show Changes Now*: what a swarm, one of its cells, or a worker at this moment changed, in the
 * editor's diff. Both sides are pinned commits, so that what is looked at stays as it is. What the gate found stands
 * at its place.
 */
import { join } from "node:path";
import * as vscode from "vscode";
import type { Finding } from "../../shared/contract/gate.ts";
import type { SwarmView } from "../../shared/contract/swarmRoutes.ts";
import { type ChosenCell, chosenCell } from "../commands/cells/chosenCell.ts";
import { commandIds } from "../commands/commandIds.ts";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import type { UriParts } from "./commitUri.ts";
import { type DiffEntry, diffEntries } from "./diffEntries.ts";
import { gateDiagnostics } from "./gateDiagnostics.ts";
import { gateProblems } from "./gateProblems.ts";

export const openDiff = (vibe: Vibe): vscode.Disposable => {
  const diagnostics = gateDiagnostics();

  const show = async (argument: unknown, now: boolean) => {
    const chosen = await chosenCell(vibe, {
      argument,
      placeholder: t("Whose changes?"),
      word: "diff",
      none: t("No swarm has changed anything yet."),
    });
    if (chosen?.entry.swarm === undefined) return;
    const { project, entry } = chosen;
    const { epic } = chosen.entry.swarm;
    const cell = entry.subtask?.id;
    const whose = { project: project.commonDir, epic, ...(cell === undefined ? {} : { cell }) };
    const client = await project.client();
    const request = { ...whose, project: project.root, ...(now ? { now } : {}) };
    const changes = await client.swarm.changes(request);
    const entries = diffEntries(changes, whose);
    if (entries.length === 0) {
      void vscode.window.showInformationMessage(
        now
          ? t("{0} has changed nothing so far.", titleOf(chosen))
          : t("{0} changed nothing.", titleOf(chosen)),
      );
      return;
    }
    const after = new Map(entries.map((one) => [one.path, one.after ?? one.before]));
    diagnostics.show(gateProblems(findingsOf(chosen), [...after.keys()]), (path) => {
      const parts = after.get(path);
      return parts === undefined ? undefined : vscode.Uri.from(parts);
    });
    const only = entries.find(({ path }) => path === pathOf(argument));
    if (only !== undefined) await showOne(titleOf(chosen), only);
    else await showAll(now ? t("{0}, now", titleOf(chosen)) : titleOf(chosen), project.root, entries);
  };

  return vscode.Disposable.from(
    diagnostics,
    vscode.commands.registerCommand(commandIds.openDiff, (argument: unknown) =>
      vibe.run(() => show(argument, false)),
    ),
    vscode.commands.registerCommand(commandIds.showDiffNow, (argument: unknown) =>
      vibe.run(() => show(argument, true)),
    ),
  );
};

const uriOf = (parts: UriParts | undefined) => (parts === undefined ? undefined : vscode.Uri.from(parts));

const showAll = (title: string, root: string, entries: ReadonlyArray<DiffEntry>) =>
  vscode.commands.executeCommand(
    "vscode.changes",
    title,
    // The first of each names the file of the person's that "Go to File" opens.
    entries.map(({ path, before, after }) => [
      vscode.Uri.file(join(root, path)),
      uriOf(before),
      uriOf(after),
    ]),
  );

const showOne = async (title: string, { path, before, after }: DiffEntry) => {
  const [left, right] = [uriOf(before), uriOf(after)];
  const name = `${asPlainText(path, 120)} (${title})`;
  if (left !== undefined && right !== undefined)
    await vscode.commands.executeCommand("vscode.diff", left, right, name, { preview: true });
  // A new or a deleted file has one side only.
  else await vscode.commands.executeCommand("vscode.open", left ?? right, { preview: true }, name);
};

/** What was found in the cell; of an epic, in its cells, and by the checks of the whole. */
const findingsOf = ({ entry }: ChosenCell): ReadonlyArray<Finding> => {
  const { swarm, subtask } = entry;
  if (subtask !== undefined) return subtask.findings;
  if (swarm === undefined) return [];
  return [...swarm.subtasks.flatMap(({ findings }) => findings), ...failedChecks(swarm)];
};

const failedChecks = ({ results }: SwarmView): ReadonlyArray<Finding> =>
  results
    .filter(({ passed }) => !passed)
    .map(({ output }) => ({ kind: "check-failed" as const, message: output }));

const titleOf = ({ entry }: ChosenCell): string =>
  asPlainText(entry.subtask?.title ?? entry.swarm?.title ?? entry.id, 100);

const pathOf = (argument: unknown): string | undefined => {
  const path = (argument as { readonly path?: unknown } | undefined)?.path;
  return typeof path === "string" ? path : undefined;
};
