/**
 * The address of a file in a commit or tree of a swarm's. The path is the file's own, so that the editor knows its
 * language; what else is needed to get it stands in the query. It holds for ever: the commit is pinned.
 */
export const commitScheme = "vibe-commit";

export interface CommitFile {
  /** The project's common git directory. */
  readonly project: string;
  readonly epic: string;
  /** Set when it is part of what one cell did. */
  readonly cell?: string;
  /** Object id of a commit or a tree. */
  readonly commit: string;
  /** From the repository's root, with `/`. */
  readonly path: string;
  /** Which side of the comparison it was opened for: remarks are about what is new. */
  readonly side: "before" | "after";
}

export interface UriParts {
  readonly scheme: string;
  readonly path: string;
  readonly query: string;
}

export const commitUri = ({ path, ...rest }: CommitFile): UriParts => ({
  scheme: commitScheme,
  path: `/${path}`,
  query: JSON.stringify(rest),
});

/** Undefined for what is none. */
export const readCommitUri = ({ scheme, path, query }: UriParts): CommitFile | undefined => {
  if (scheme !== commitScheme) return undefined;
  try {
    const value: unknown = JSON.parse(query);
    if (typeof value !== "object" || value === null) return undefined;
    const { project, epic, cell, commit, side } = value as Readonly<Record<string, unknown>>;
    if (typeof project !== "string" || typeof epic !== "string" || typeof commit !== "string")
      return undefined;
    if (side !== "before" && side !== "after") return undefined;
    const base: CommitFile = { project, epic, commit, side, path: path.replace(/^\//, "") };
    return typeof cell === "string" ? { ...base, cell } : base;
  } catch {
    return undefined;
  }
};
