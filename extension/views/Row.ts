/**
 * What a tree view shows, as data: a row for each node, with its children. A view that is a pure function to rows can
 * be tested without an editor; `registerRows` shows them, and tells the editor of those rows only that became others.
 */

/** What a row stands for: given to the commands of its menu. `project` is the common git directory. */
export interface RowRef {
  readonly id: string;
  readonly kind: string;
  readonly project: string;
  readonly epic?: string;
  readonly cell?: string;
  readonly agent?: string;
  readonly lease?: string;
  /** Of a message. */
  readonly mail?: string;
  readonly path?: string;
}

export interface Row {
  readonly ref: RowRef;
  readonly label: string;
  readonly description?: string;
  /** A codicon's name, and the id of a theme colour. */
  readonly icon: string;
  readonly colour?: string;
  /** Lines, shown as text. */
  readonly tooltip?: ReadonlyArray<string>;
  /** Words that the `when` clauses of package.json look for in `viewItem`. */
  readonly words?: string;
  /** Absent: nothing can be below it. */
  readonly children?: ReadonlyArray<Row>;
  /** What is below it is asked for when it is opened. */
  readonly later?: boolean;
  /** Open from the start. */
  readonly open?: boolean;
  /** Id of the command that a click runs, with the row's ref. */
  readonly click?: string;
}

export interface RowTree {
  readonly roots: ReadonlyArray<string>;
  readonly rows: ReadonlyMap<string, Row>;
  readonly parents: ReadonlyMap<string, string>;
}

/** A part of an id: an encoded one has no `/`, so that each part ends where it ends, and no two rows share an id. */
export const part = (text: string): string => encodeURIComponent(text.toWellFormed());

/** By id; of two rows with one id the first stays, since the editor refuses a tree that has both. */
export const rowTree = (roots: ReadonlyArray<Row>): RowTree => {
  const rows = new Map<string, Row>();
  const parents = new Map<string, string>();
  const add = (row: Row, parent: string | undefined): boolean => {
    const { id } = row.ref;
    if (rows.has(id)) return false;
    rows.set(id, row);
    if (parent !== undefined) parents.set(id, parent);
    for (const child of row.children ?? []) add(child, id);
    return true;
  };
  const own = roots.filter((row) => add(row, undefined)).map((row) => row.ref.id);
  return { roots: own, rows, parents };
};

export const childIds = ({ rows, parents }: RowTree, id: string): ReadonlyArray<string> =>
  (rows.get(id)?.children ?? []).map((row) => row.ref.id).filter((child) => parents.get(child) === id);

/**
 * The rows to be drawn anew, each with what is below it: none of them is below another. `undefined` among them is the
 * whole tree. Ids are enough for the editor to keep what is selected and what is open.
 */
export const changedRows = (before: RowTree, after: RowTree): ReadonlyArray<string | undefined> => {
  if (before.roots.join("\n") !== after.roots.join("\n")) return [undefined];
  const changed: Array<string> = [];
  const visit = (id: string) => {
    const [old, row] = [before.rows.get(id), after.rows.get(id)];
    if (old === row) return;
    if (old === undefined || row === undefined || isOther(old, row)) {
      changed.push(id);
      return;
    }
    for (const child of childIds(after, id)) visit(child);
  };
  for (const id of after.roots) visit(id);
  return changed;
};

const isOther = (old: Row, row: Row): boolean =>
  old.label !== row.label ||
  old.description !== row.description ||
  old.icon !== row.icon ||
  old.colour !== row.colour ||
  old.words !== row.words ||
  old.click !== row.click ||
  old.tooltip?.join("\n") !== row.tooltip?.join("\n") ||
  old.later !== row.later ||
  idsOf(old.children) !== idsOf(row.children);

const idsOf = (children: Row["children"]): string | undefined =>
  children?.map((row) => row.ref.id).join("\n");
