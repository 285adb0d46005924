/**
 * Remarks on lines of a swarm's work, made in its diff as in any review. They are kept until they go along with
 * *Send back*, or until they are removed.
 */
import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { commandIds } from "../commands/commandIds.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { isOver } from "../views/hive/hiveTree.ts";
import { commitUri, readCommitUri } from "./commitUri.ts";
import { type ReviewComment, readComments } from "./reviewComments.ts";

export interface Review extends vscode.Disposable {
  readonly all: () => ReadonlyArray<ReviewComment>;
  /** They went along, or are void. */
  readonly remove: (comments: ReadonlyArray<ReviewComment>) => void;
}

const storageKey = "vibe.review";

/** As the editor shows it; `remark` is what it stands for. */
interface ShownComment extends vscode.Comment {
  readonly remark: ReviewComment;
}

export const openReview = (vibe: Vibe): Review => {
  const { workspaceState } = vibe.context;
  const controller = vscode.comments.createCommentController("vibe.review", t("Vibe review"));
  controller.options = {
    prompt: t("Say what is to be otherwise"),
    placeHolder: t("Goes along when you send the work back"),
  };
  controller.commentingRangeProvider = {
    provideCommentingRanges: ({ uri, lineCount }) => {
      const file = readCommitUri(uri);
      if (file?.side !== "after" || !mayReturn(vibe, file.project, file.epic)) return [];
      return [new vscode.Range(0, 0, Math.max(0, lineCount - 1), 0)];
    },
  };
  const threads = new Map<string, vscode.CommentThread>();
  let comments = readComments(workspaceState.get(storageKey));

  const keep = (next: ReadonlyArray<ReviewComment>) => {
    comments = next;
    void workspaceState.update(storageKey, next);
  };

  const show = (thread: vscode.CommentThread, remark: ReviewComment) => {
    const shown: ShownComment = {
      body: remark.text,
      mode: vscode.CommentMode.Preview,
      author: { name: t("You") },
      contextValue: "vibe.remark",
      remark,
    };
    thread.comments = [...thread.comments, shown];
    thread.contextValue = "vibe.remarks";
    thread.label = t("Goes along when you send the work back");
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    threads.set(remark.id, thread);
  };

  const hide = ({ id }: ReviewComment) => {
    const thread = threads.get(id);
    if (thread === undefined) return;
    threads.delete(id);
    thread.comments = thread.comments.filter((one) => (one as ShownComment).remark.id !== id);
    if (thread.comments.length === 0) thread.dispose();
  };

  const remove = (gone: ReadonlyArray<ReviewComment>) => {
    const ids = new Set(gone.map(({ id }) => id));
    for (const one of gone) hide(one);
    keep(comments.filter(({ id }) => !ids.has(id)));
  };

  for (const remark of comments) {
    const at = new vscode.Range(remark.line - 1, 0, remark.line - 1, 0);
    show(controller.createCommentThread(vscode.Uri.from(commitUri(remark.file)), at, []), remark);
  }

  const add = vscode.commands.registerCommand(
    commandIds.addComment,
    ({ thread, text }: vscode.CommentReply) => {
      const file = readCommitUri(thread.uri);
      if (file === undefined || text.trim() === "") return;
      // The last line of what was selected is where the thread stands.
      const remark = { id: randomUUID(), file, line: (thread.range?.end.line ?? 0) + 1, text: text.trim() };
      keep([...comments, remark]);
      show(thread, remark);
    },
  );
  const drop = vscode.commands.registerCommand(
    commandIds.removeComment,
    (what: ShownComment | vscode.CommentThread) => {
      if ("remark" in what) return remove([what.remark]);
      remove(what.comments.map((one) => (one as ShownComment).remark));
    },
  );
  // What landed or was thrown away is beyond remarks.
  const ended = vibe.projects.onDidChange(({ change }) => {
    if (!change.whole && change.swarms.size === 0) return;
    const stale = comments.filter(({ file }) => {
      const swarm = swarmOf(vibe, file.project, file.epic);
      return swarm !== undefined && isOver(swarm);
    });
    if (stale.length > 0) remove(stale);
  });
  vibe.probe?.set("review", () => comments);

  return {
    all: () => comments,
    remove,
    dispose: () => vscode.Disposable.from(controller, add, drop, ended).dispose(),
  };
};

const swarmOf = ({ projects }: Vibe, commonDir: string, epic: string) =>
  projects
    .all()
    .find((project) => project.commonDir === commonDir)
    ?.model()
    .swarms.get(epic);

const mayReturn = (vibe: Vibe, commonDir: string, epic: string): boolean => {
  const swarm = swarmOf(vibe, commonDir, epic);
  return swarm !== undefined && !isOver(swarm);
};
