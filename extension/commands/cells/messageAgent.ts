/**
 * *Message Its Agent…*: into the agent's inbox. Called on a cell, the agent that is at work on it; with
 * `{ project, agent }` that agent; from the palette, one that the person chooses.
 */
import * as vscode from "vscode";
import type { Project } from "../../project/Project.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import type { Vibe } from "../../Vibe.ts";
import { commandIds } from "../commandIds.ts";

interface Addressee {
  readonly project: Project;
  readonly agent: string;
}

export const messageAgent = (vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(commandIds.messageAgent, (argument: unknown) =>
    vibe.run(async () => {
      const to = addressed(vibe, argument) ?? (await chooseAgent(vibe));
      if (to === undefined) return;
      const text = await vscode.window.showInputBox({
        title: t("Message to {0}", asPlainText(to.agent, 80)),
        prompt: t("It is read when the agent looks into its inbox."),
        validateInput: (value) => (value.trim() === "" ? t("Say something.") : undefined),
      });
      if (text === undefined) return;
      const [subject, body] = split(text.trim());
      const client = await to.project.client();
      await client.mail.send({ project: to.project.root, to: [to.agent], subject, body });
    }),
  );

/** A subject is a line of a list: of a long message it is the beginning. */
const split = (text: string): readonly [subject: string, body: string] =>
  text.length <= 100 ? [text, ""] : [`${text.slice(0, 99)}…`, text];

const addressed = ({ projects }: Vibe, argument: unknown): Addressee | undefined => {
  const { project: commonDir, agent, cell } = (argument ?? {}) as Readonly<Record<string, unknown>>;
  const project = projects.all().find((one) => one.commonDir === commonDir);
  if (project === undefined) return undefined;
  if (typeof agent === "string") return { project, agent };
  const worker = [...project.model().agents.values()].find((one) => one.cell === cell);
  return worker === undefined || cell === undefined ? undefined : { project, agent: worker.name };
};

const chooseAgent = async ({ projects }: Vibe): Promise<Addressee | undefined> => {
  const items = projects.all().flatMap((project) =>
    [...project.model().agents.values()].map((agent) => ({
      label: asPlainText(agent.name, 80),
      description: asPlainText(agent.cell ?? agent.harness ?? "", 80),
      project,
      agent: agent.name,
    })),
  );
  if (items.length === 0) {
    void vscode.window.showInformationMessage(t("No agent is at work."));
    return undefined;
  }
  return vscode.window.showQuickPick(items, { placeHolder: t("Which agent?"), matchOnDescription: true });
};
