/**
 * Agent: writes `src/currencies.ts` from `data/currencies.csv`.
 *
 * It takes every row as it stands. Gold and silver have no number of digits ("N.A."), which becomes `null` where
 * the type asks for a number, so the type check refuses the first attempt. The findings carry the compiler's
 * lines; on the second attempt the rows behind those lines are left out, and the module says so.
 */
import { readFile, writeFile } from "node:fs/promises";
import { progress, readFindings } from "./workplace.ts";

const source = "data/currencies.csv";
const target = "src/currencies.ts";

interface Row {
  readonly code: string;
  readonly digits: string;
  readonly name: string;
}

/** One line of CSV; a field in quotes may hold commas, and a quote written twice. */
const fieldsOf = (line: string): ReadonlyArray<string> =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );

const rowsOf = (csv: string): ReadonlyArray<Row> => {
  const [header = [], ...rows] = csv.trim().split(/\r?\n/).map(fieldsOf);
  const field = (row: ReadonlyArray<string>, name: string) => row[header.indexOf(name)] ?? "";
  return rows.map((row) => ({
    code: field(row, "code"),
    digits: field(row, "digits"),
    name: field(row, "name"),
  }));
};

const moduleOf = (rows: ReadonlyArray<Row>, leftOut: ReadonlyArray<string>): string =>
  [
    `/** The currencies of ISO 4217, made from ${source}; change that file, not this one. */`,
    "",
    "/** A currency: its name, and the number of digits after its decimal point. */",
    "export interface Currency {",
    "  readonly name: string;",
    "  readonly digits: number;",
    "}",
    "",
    ...(leftOut.length === 0
      ? []
      : [`// Without a number of digits, and so left out: ${leftOut.join(", ")}.`]),
    "/** Every currency by its three-letter code. */",
    "export const currencies: Readonly<Record<string, Currency>> = {",
    ...rows.map(
      ({ code, digits, name }) =>
        `  ${code}: { name: ${JSON.stringify(name)}, digits: ${JSON.stringify(Number(digits))} },`,
    ),
    "};",
    "",
    "/**",
    " * The number of digits after a currency's decimal point.",
    ' * @example digitsOf("EUR") // 2',
    ' * @example digitsOf("JPY") // 0',
    ' * @example digitsOf("Euro") // throws RangeError',
    " */",
    "export function digitsOf(code: string): number {",
    "  const currency = Object.hasOwn(currencies, code) ? currencies[code] : undefined;",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the generated code has the template
    "  if (currency === undefined) throw new RangeError(`not a currency: ${code}`);",
    "  return currency.digits;",
    "}",
    "",
  ].join("\n");

const findings = await readFindings();
const rows = rowsOf(await readFile(source, "utf8"));
await progress(`reading ${source}: ${rows.length} currencies`);

// The compiler names lines of the module as it was written the last time, which is how it is written from all rows.
const lines = moduleOf(rows, []).split("\n");
const refused = findings
  .flatMap(({ message }) => [...message.matchAll(/src\/currencies\.ts\((\d+),\d+\): error/g)])
  .map(([, line]) => /^ {2}([A-Z]{3}): /.exec(lines[Number(line) - 1] ?? "")?.[1]);
const leftOut = rows.map((row) => row.code).filter((code) => refused.includes(code));
if (leftOut.length > 0) {
  await progress(`the type check refused ${leftOut.join(", ")}: no number of digits in the data, left out`);
}

const kept = rows.filter((row) => !leftOut.includes(row.code));
await writeFile(target, moduleOf(kept, leftOut));
await progress(`wrote ${target} with ${kept.length} currencies`);
