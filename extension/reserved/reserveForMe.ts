/** *Reserve for Me*: agents are kept off the person's files. What another holds can be waited for or taken over. */
import * as vscode from "vscode";
import { LeaseConflict } from "../../shared/contract/errors.ts";
import type { LeaseView } from "../../shared/contract/reservationRoutes.ts";
import { commandIds } from "../commands/commandIds.ts";
import type { Project } from "../project/Project.ts";
import type { Vibe } from "../Vibe.ts";
import type { HeldFiles } from "./HeldFiles.ts";
import { type LeaseTarget, leaseTarget } from "./leaseTarget.ts";
import { conflictText, untilText } from "./leaseText.ts";

/** The Explorer gives the file that was clicked, and all that are selected. */
export const reserveForMe = (held: HeldFiles, vibe: Vibe): vscode.Disposable =>
  vscode.commands.registerCommand(
    commandIds.reserveForMe,
    (clicked?: vscode.Uri, selected?: ReadonlyArray<vscode.Uri>) =>
      vibe.run(async () => {
        const uris = selected?.length ? selected : [clicked];
        const targets: Array<LeaseTarget> = [];
        for (const uri of uris) {
          const target = await leaseTarget(vibe, held, uri);
          if (target === undefined) return;
          targets.push(target);
        }
        const ttlSeconds = await askHowLong(targets);
        if (ttlSeconds === undefined) return;
        for (const [project, own] of Map.groupBy(targets, (target) => target.project)) {
          const patterns = own.flatMap((target) => target.patterns);
          const label = own.map((target) => target.label).join(", ");
          await reserve(project, { patterns, label, ttlSeconds, uri: clicked });
        }
      }),
  );

const hour = 3600;

const askHowLong = async (targets: ReadonlyArray<LeaseTarget>): Promise<number | undefined> => {
  const items = [
    { label: vscode.l10n.t("1 hour"), seconds: hour },
    { label: vscode.l10n.t("4 hours"), seconds: 4 * hour },
    { label: vscode.l10n.t("1 day"), seconds: 24 * hour },
    { label: vscode.l10n.t("1 week"), seconds: 7 * 24 * hour },
  ];
  const title = vscode.l10n.t("Reserve {0} for me", targets.map(({ label }) => label).join(", "));
  const placeHolder = vscode.l10n.t("Agents are kept off for as long, or until you release it.");
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.seconds;
};

interface Wish {
  readonly patterns: ReadonlyArray<string>;
  readonly label: string;
  readonly ttlSeconds: number;
  readonly uri: vscode.Uri | undefined;
}

const reserve = async (project: Project, wish: Wish): Promise<void> => {
  const { patterns, ttlSeconds } = wish;
  const client = await project.client();
  try {
    const answer = await client.reservations.reserve({ project: project.root, patterns, ttlSeconds });
    if (answer.kind === "granted") tellGranted(wish.label, answer.lease);
  } catch (cause) {
    if (!(cause instanceof LeaseConflict)) throw cause;
    await offerMore(project, wish, cause);
  }
};

const tellGranted = (label: string, lease: LeaseView) => {
  const message = vscode.l10n.t("{0} is reserved for you {1}.", label, untilText(lease));
  void vscode.window.showInformationMessage(message);
};

const offerMore = async (project: Project, wish: Wish, conflict: LeaseConflict): Promise<void> => {
  const wait = vscode.l10n.t("Wait for It");
  const take = vscode.l10n.t("Take Over…");
  // Several at once are taken over one by one, so that each is asked for.
  const choices = wish.patterns.length === 1 ? [wait, take] : [wait];
  const choice = await vscode.window.showWarningMessage(
    conflictText(project.model(), conflict.conflicts),
    ...choices,
  );
  if (choice === take) await vscode.commands.executeCommand(commandIds.takeOver, wish.uri);
  if (choice === wait) await waitFor(project, wish);
};

/** A place in the queue, for as long as the notification is there; cancelling it gives the place up. */
const waitFor = (project: Project, { patterns, label, ttlSeconds }: Wish): Thenable<void> => {
  const title = vscode.l10n.t("Waiting for {0}", label);
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title, cancellable: true }, async (_, cancelled) => {
    const client = await project.client();
    const stop = new AbortController();
    cancelled.onCancellationRequested(() => stop.abort());
    const request = { project: project.root, patterns, ttlSeconds };
    let answer = await client.reservations.reserve({ ...request, waitSeconds: 0 });
    while (answer.kind === "waiting") {
      const { ticket } = answer.ticket;
      const next = await client.reservations
        .reserve({ ...request, waitSeconds: 25 }, { signal: stop.signal })
        .catch((cause: unknown) => {
          if (!cancelled.isCancellationRequested) throw cause;
        });
      if (next === undefined) return void client.reservations.withdraw({ project: project.root, ticket });
      answer = next;
    }
    tellGranted(label, answer.lease);
  });
};
