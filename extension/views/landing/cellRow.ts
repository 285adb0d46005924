/** A cell in the *Landing* view: what the gate found in it, and, once it is opened, the files that it changed. */
import type { SubtaskView, SwarmChanges, SwarmView } from "../../../shared/contract/swarmRoutes.ts";
import { commandIds } from "../../commands/commandIds.ts";
import { asPlainText } from "../../text/sanitise.ts";
import { t } from "../../text/t.ts";
import { cellState } from "../hive/cellState.ts";
import { cellWords } from "../hive/cellWords.ts";
import { part, type Row } from "../Row.ts";

export type ChangedFile = SwarmChanges["files"][number];

const asks = "list.warningForeground";
/** Files of one cell that are shown. */
const mostFiles = 500;

const cellId = (project: string, cell: string): string => `cell/${part(project)}/${part(cell)}`;

/** Another head or another attempt has other files. */
export const filesKey = (project: string, swarm: SwarmView, subtask: SubtaskView): string =>
  [
    project,
    subtask.id,
    subtask.attempts,
    subtask.status,
    swarm.status === "landed" ? "landed" : swarm.head,
  ].join("\n");

/** `files` are those of the cells that were opened, by `filesKey`; a text says why they are not known. */
export const cellRow = (
  project: string,
  files: ReadonlyMap<string, ReadonlyArray<ChangedFile> | string>,
  swarm: SwarmView,
  subtask: SubtaskView,
): Row => {
  const { epic } = swarm;
  const { id: cell, findings, status } = subtask;
  const { word, icon, colour } = cellState({ id: cell, cell: undefined, swarm, subtask });
  const known = files.get(filesKey(project, swarm, subtask));
  const found: ReadonlyArray<Row> = findings.map(({ message, path }, index) => ({
    ref: { id: `finding/${part(project)}/${part(cell)}/${index}`, kind: "finding", project, epic, cell },
    label: asPlainText(message, 200),
    ...(path === undefined ? {} : { description: asPlainText(path, 120) }),
    icon: "warning",
    colour: asks,
    tooltip: message
      .split(/\r?\n/)
      .slice(0, 20)
      .map((line) => asPlainText(line, 200)),
  }));
  return {
    ref: { id: cellId(project, cell), kind: "cell", project, epic, cell },
    label: asPlainText(subtask.title, 100),
    description: [asPlainText(cell, 40), word].join(" · "),
    icon,
    ...(colour === undefined ? {} : { colour }),
    tooltip: [asPlainText(subtask.title, 200), word],
    words: cellWords({ id: cell, cell: undefined, swarm, subtask }),
    open: status === "needs-you",
    ...(known === undefined
      ? { later: true, ...(found.length === 0 ? {} : { children: found }) }
      : { children: [...found, ...fileRows(project, epic, cell, known)] }),
  };
};

const letters: Readonly<Record<ChangedFile["status"], string>> = {
  added: "A",
  modified: "M",
  deleted: "D",
  renamed: "R",
  mode: "X",
};

const fileRows = (
  project: string,
  epic: string,
  cell: string,
  files: ReadonlyArray<ChangedFile> | string,
): ReadonlyArray<Row> => {
  const id = (path: string) => `file/${part(project)}/${part(cell)}/${part(path)}`;
  if (typeof files === "string") {
    return [
      {
        ref: { id: id(""), kind: "problem", project, epic, cell },
        label: asPlainText(files, 200),
        icon: "error",
      },
    ];
  }
  if (files.length === 0) {
    return [
      {
        ref: { id: id(""), kind: "nothing", project, epic, cell },
        label: t("No file is changed"),
        icon: "dash",
      },
    ];
  }
  return files.slice(0, mostFiles).map(({ path, oldPath, status, binary }) => ({
    ref: { id: id(path), kind: "file", project, epic, cell, path },
    label: asPlainText(path.split("/").at(-1) ?? path, 120),
    description: [
      asPlainText(path.split("/").slice(0, -1).join("/"), 160),
      ...(binary ? [t("binary")] : []),
      letters[status],
    ]
      .filter((text) => text !== "")
      .join(" · "),
    icon:
      status === "added"
        ? "diff-added"
        : status === "deleted"
          ? "diff-removed"
          : status === "renamed"
            ? "diff-renamed"
            : "diff-modified",
    tooltip: [
      asPlainText(path, 300),
      ...(oldPath === undefined ? [] : [t("before: {0}", asPlainText(oldPath, 300))]),
    ],
    words: "file",
    click: commandIds.openDiff,
  }));
};
