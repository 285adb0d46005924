/**
 * What the extension's own part of the Hive view costs with 10,000 cells, all at the top: the first page, one cell
 * that changes, and one line that an agent prints. The raw limit is one copy and sort of as many strings. What the
 * editor takes beside it is measured in `vscode.bench.ts`.
 */
import type { HiveModel } from "../../extension/views/hive/hiveBranch.ts";
import { hiveBranch, pageSize } from "../../extension/views/hive/hiveBranch.ts";
import { showAll } from "../../extension/views/hive/hiveTree.ts";
import { cellOf, modelOf } from "../extension/hive/models.ts";
import { percentile } from "./percentile.ts";

const many = 10_000;
const rounds = 40;

const idOf = (n: number) => `cell-${(n * 7919) % many}`;
const bornAt = (n: number) => new Date(1_700_000_000_000 + ((n * 6007) % many) * 1000).toISOString();

export const run = async (): Promise<void> => {
  const model: HiveModel = modelOf({
    cells: Array.from({ length: many }, (_, n) =>
      cellOf(idOf(n), { priority: n % 5, fields: { created_at: bornAt(n) } }),
    ),
  });
  const raw: Array<number> = [];
  const opens: Array<number> = [];
  const changes: Array<number> = [];
  const lines: Array<number> = [];
  const texts = [...model.cells.keys()];
  for (let round = 0; round < rounds; round++) {
    raw.push(time(() => texts.toSorted()));
    let branch = hiveBranch(modelOf({}), showAll);
    opens.push(
      time(() => {
        branch = hiveBranch(model, showAll);
        for (const id of branch.page(undefined).cells) branch.item(id, Date.now());
      }),
    );
    const id = branch.page(undefined).cells[round]!;
    const changed = new Set([id]);
    const titled = { ...model.cells.get(id)!, title: `changed ${round}` };
    const next = { ...model, cells: new Map(model.cells).set(id, titled) };
    changes.push(
      time(() => {
        const { cells } = branch.update({ model: next, filter: showAll, changed, now: Date.now() });
        if (cells.size !== 1) throw new Error(`${cells.size} cells are told of instead of one`);
      }),
    );
    const printed = { ...next, lines: new Map([[id, "a line"]]) };
    lines.push(time(() => branch.update({ model: printed, filter: showAll, changed, now: Date.now() })));
  }
  const of = (times: ReadonlyArray<number>) =>
    `p50 ${percentile(times, 50).toFixed(1)} ms, p99 ${percentile(times, 99).toFixed(1)} ms`;
  console.log(
    `extension: Hive view, ${many} cells:  first ${pageSize} ${of(opens)}; a cell changes ${of(changes)}; a line is printed ${of(lines)}   raw sort: ${of(raw)}`,
  );
};

const time = (act: () => unknown): number => {
  const began = performance.now();
  act();
  return performance.now() - began;
};

if (process.argv[1] === import.meta.filename) await run();
