/** Why a worker's files can't be taken as a tree, as findings that its next attempt is told. */
import type { Finding } from "../../../shared/contract/gate.ts";

export const folderGone: Finding = {
  kind: "unsafe-entry",
  message: "The checkout itself is gone, or is no folder any more. Work inside it and leave it in place.",
};

/** Such a name can't be told in a lease, and would be another file's when it is landed. */
export const notUtf8 = (path: string): Finding => ({
  kind: "unsafe-entry",
  path,
  message: `The name ${path} is not UTF-8; give the file another one.`,
});

/** What `git add` said. */
export const notTaken = (stderr: string): Finding => {
  const nested = /'(.+?)\/?' does not have a commit checked out/.exec(stderr)?.[1];
  return nested === undefined
    ? {
        kind: "unsafe-entry",
        message: `The checkout's files can't be read: ${stderr.trim().split("\n")[0] ?? ""}`,
      }
    : {
        kind: "unsafe-entry",
        path: nested,
        message: `${nested} is a git repository of its own; remove its .git.`,
      };
};
