/** Gives the editor the files of pinned commits (`commitUri.ts`), as the daemon has them. */
import * as vscode from "vscode";
import { asPlainText } from "../text/sanitise.ts";
import { t } from "../text/t.ts";
import type { Vibe } from "../Vibe.ts";
import { type CommitFile, commitScheme, readCommitUri } from "./commitUri.ts";

export const commitFiles = (vibe: Vibe): vscode.Disposable =>
  vscode.workspace.registerTextDocumentContentProvider(commitScheme, {
    provideTextDocumentContent: async (uri) => {
      const file = readCommitUri(uri);
      if (file === undefined) throw new Error(t("This is no file of a swarm's."));
      try {
        return await contentOf(vibe, file);
      } catch (cause) {
        // One file that can't be had does not cost the diff of the others; what it says is why.
        vibe.log.warn(`${file.path} of ${file.commit}: ${String(cause)}`);
        return asPlainText(cause instanceof Error ? cause.message : String(cause));
      }
    },
  });

const contentOf = async ({ projects }: Vibe, file: CommitFile): Promise<string> => {
  const project = projects.all().find(({ commonDir }) => commonDir === file.project);
  if (project === undefined) return t("The repository that this file is of is not open in this window.");
  const client = await project.client();
  const { epic, commit, path } = file;
  const found = await client.swarm.file({ project: project.root, epic, commit, path });
  switch (found.kind) {
    case "text":
      return found.text;
    case "binary":
      return t("A binary file of {0} bytes.", found.bytes);
    case "absent":
      return "";
  }
};
