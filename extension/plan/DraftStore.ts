/**
 * Plans and long tasks that are being written, kept in a folder of VS Code's own for this workspace, so that they
 * survive a reload and nothing lies in the working tree. One file a draft; the newest text is in memory.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Draft {
  readonly id: string;
  readonly kind: "plan" | "task";
  /** The project's common git directory, and the top folder of the worktree that it was begun in. */
  readonly commonDir: string;
  readonly root: string;
  /** The document's name. */
  readonly name: string;
  readonly text: string;
  /** What the document began as; a draft that still says that is no work of the person's. */
  readonly original: string;
  /** What the person asked for, when a planner made the plan. */
  readonly task?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly changedAt: number;
}

export type NewDraft = Pick<Draft, "kind" | "commonDir" | "root" | "name" | "text" | "task">;

export interface DraftStore {
  /** The oldest first. */
  readonly all: () => ReadonlyArray<Draft>;
  readonly get: (id: string) => Draft | undefined;
  readonly create: (draft: NewDraft) => Promise<Draft>;
  /** Undefined when there is no such draft any more. */
  readonly write: (id: string, text: string) => Promise<Draft | undefined>;
  readonly remove: (id: string) => Promise<void>;
}

/** Files that are no draft are left alone. */
export const openDraftStore = async (
  folder: string,
  onChange: (draft: Draft) => void,
): Promise<DraftStore> => {
  const drafts = new Map<string, Draft>();
  for (const draft of (await readAll(folder)).toSorted((a, b) => a.createdAt - b.createdAt)) {
    drafts.set(draft.id, draft);
  }
  const fileOf = (id: string) => join(folder, `${id}.json`);

  /** One act at a time, so that the file ends as the last of them said. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <A>(act: () => Promise<A>): Promise<A> => {
    const next = turn.then(act);
    turn = next.catch(() => undefined);
    return next;
  };
  const keep = (draft: Draft) =>
    inTurn(async () => {
      await mkdir(folder, { recursive: true });
      // A rename replaces whole or not at all, whenever the machine stops.
      await writeFile(`${fileOf(draft.id)}.new`, JSON.stringify(draft), { mode: 0o600 });
      await rename(`${fileOf(draft.id)}.new`, fileOf(draft.id));
      drafts.set(draft.id, draft);
      onChange(draft);
      return draft;
    });

  return {
    all: () => [...drafts.values()],
    get: (id) => drafts.get(id),
    create: ({ task, ...draft }) => {
      const now = Date.now();
      const id = randomBytes(4).toString("hex");
      const about = task === undefined ? {} : { task };
      return keep({ ...draft, ...about, id, original: draft.text, createdAt: now, changedAt: now });
    },
    write: async (id, text) => {
      const draft = drafts.get(id);
      if (draft === undefined) return undefined;
      // Later than before, also when the clock was set back: an editor tells versions by it.
      return keep({ ...draft, text, changedAt: Math.max(Date.now(), draft.changedAt + 1) });
    },
    remove: (id) =>
      inTurn(async () => {
        const draft = drafts.get(id);
        await rm(fileOf(id), { force: true });
        drafts.delete(id);
        if (draft !== undefined) onChange(draft);
      }),
  };
};

const readAll = async (folder: string): Promise<ReadonlyArray<Draft>> => {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map((name) => readDraft(join(folder, name))),
  );
  return found.filter((draft) => draft !== undefined);
};

const readDraft = async (file: string): Promise<Draft | undefined> => {
  try {
    const draft = JSON.parse(await readFile(file, "utf8"));
    const whole =
      ["id", "commonDir", "root", "name", "text", "original"].every(
        (key) => typeof draft[key] === "string",
      ) && ["plan", "task"].includes(draft.kind);
    return whole ? draft : undefined;
  } catch {
    return undefined;
  }
};

/** A document's name that says what it is about; its ending says what VS Code is to make of it. */
export const draftName = (kind: Draft["kind"], title: string): string => {
  const words = title
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase();
  const short = [...words].slice(0, 40).join("").replace(/-+$/, "");
  return kind === "plan" ? `${short || "plan"}.vibe-plan.json` : `${short || "task"}.vibe-task.md`;
};
