/** Plain-text tables. */

/**
 * Lays rows out in columns of equal width: the first to the left, the others to the right.
 * @example alignColumns([["tea", "3"], ["coffee", "12"]]) // ["tea      3", "coffee  12"]
 */
export function alignColumns(rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> {
  const widths: Array<number> = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
