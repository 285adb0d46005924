/**
 * Keeps what a view's rows are, and what of them the editor was told. The two differ while something is new: the
 * editor may ask for a row in between, and is told all the same what became another.
 */
import { changedRows, type Row, type RowTree, rowTree } from "./Row.ts";

export interface DrawnRows {
  /** What the rows are made of is another. */
  readonly outdate: () => void;
  /** The rows as of now. */
  readonly current: () => RowTree;
  /** What the editor is to draw anew; from then on it knows the rows as they are now. */
  readonly draw: () => ReadonlyArray<string | undefined>;
}

export const drawnRows = (build: () => ReadonlyArray<Row>): DrawnRows => {
  let tree = rowTree([]);
  let drawn = tree;
  let isOld = true;

  const current = () => {
    if (isOld) tree = rowTree(build());
    isOld = false;
    return tree;
  };
  return {
    outdate: () => {
      isOld = true;
    },
    current,
    draw: () => {
      const changed = changedRows(drawn, current());
      drawn = tree;
      return changed;
    },
  };
};
