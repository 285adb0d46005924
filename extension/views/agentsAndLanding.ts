/** Wires what this folder has beside the Hive view: agents and leases, landing with its review, questions, logs. */
import * as vscode from "vscode";
import { commitFiles } from "../diff/commitFiles.ts";
import { openDiff } from "../diff/openDiff.ts";
import { openReview } from "../diff/openReview.ts";
import { openLog } from "../logs/openLog.ts";
import { answerQuestion } from "../questions/answerQuestion.ts";
import { toast } from "../questions/toast.ts";
import type { Vibe } from "../Vibe.ts";
import { agentsView } from "./agents/agentsView.ts";
import { pauseAll } from "./agents/pauseAll.ts";
import { keepConflicts } from "./keepConflicts.ts";
import { discardEpic } from "./landing/discardEpic.ts";
import { landEpic } from "./landing/landEpic.ts";
import { landingView } from "./landing/landingView.ts";
import { revertEpic } from "./landing/revertEpic.ts";
import { sendBack } from "./landing/sendBack.ts";

export const agentsAndLanding = (vibe: Vibe): vscode.Disposable => {
  const conflicts = keepConflicts(vibe);
  const review = openReview(vibe);
  const parts = [
    commitFiles,
    openDiff,
    openLog,
    answerQuestion,
    toast,
    pauseAll,
    landEpic,
    discardEpic,
    revertEpic,
  ];
  return vscode.Disposable.from(
    agentsView(vibe, conflicts),
    landingView(vibe, conflicts),
    ...parts.map((part) => part(vibe)),
    sendBack(vibe, review),
    review,
    conflicts,
  );
};
