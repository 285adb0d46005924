/** Where a line is after changes of its document. */
export interface LineChange {
  readonly range: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
  readonly text: string;
}

/** VS Code tells the changes of one event from the last in the document to the first, so each counts by itself. */
export const movedLine = (line: number, changes: ReadonlyArray<LineChange>): number =>
  changes.reduce((at, { range, text }) => {
    if (range.start.line >= line) return at;
    const came = text.split("\n").length - 1;
    const went = Math.min(range.end.line, line) - range.start.line;
    return Math.max(0, at + came - went);
  }, line);
