/** The command behind a choice. Messages and cells are shown by other parts, which are named by their ids. */
import type * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import type { Project } from "../project/Project.ts";
import type { LeaseAct } from "./leaseChoices.ts";
import type { LeaseArgument } from "./leaseTarget.ts";
import type { Reservation } from "./Reservation.ts";

export const leaseCommand = (
  act: LeaseAct,
  { project, reservation }: { readonly project: Project; readonly reservation: Reservation },
  target: LeaseArgument,
): Pick<vscode.Command, "command" | "arguments"> => {
  const { agent, cell, epic } = reservation.holder;
  switch (act) {
    case "message":
      return { command: commandIds.messageAgent, arguments: [{ project: project.commonDir, agent }] };
    case "showCell":
      return {
        command: commandIds.showCell,
        arguments: [{ project: project.commonDir, cell: cell ?? epic }],
      };
    case "askToHandOver":
      return { command: commandIds.askToHandOver, arguments: [target] };
    case "takeOver":
      return { command: commandIds.takeOver, arguments: [target] };
    case "release":
      return { command: commandIds.releaseMine, arguments: [target] };
  }
};
