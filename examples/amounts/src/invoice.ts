/** Invoices: lines with a price and a quantity, and their total. */

import { addMoney, formatMoney, type Money, multiplyMoney, parseMoney } from "./money.ts";
import { alignColumns } from "./table.ts";

/** One line of an invoice. The price is text, for instance "12.50 EUR". */
export interface InvoiceLine {
  readonly item: string;
  readonly price: string;
  readonly quantity: number;
}

/** The price of a line, times its quantity. */
export function lineTotal(line: InvoiceLine): Money {
  return multiplyMoney(parseMoney(line.price, 2), line.quantity);
}

/** The sum of all lines. An invoice has at least one. */
export function invoiceTotal(lines: ReadonlyArray<InvoiceLine>): Money {
  if (lines.length === 0) throw new RangeError("an invoice has at least one line");
  return lines.map(lineTotal).reduce(addMoney);
}

/** The invoice as a table, the total below. */
export function renderInvoice(lines: ReadonlyArray<InvoiceLine>): string {
  const rows = lines.map((line) => [
    line.item,
    `${line.quantity} x ${formatMoney(parseMoney(line.price, 2), 2)}`,
    formatMoney(lineTotal(line), 2),
  ]);
  return alignColumns([...rows, ["total", "", formatMoney(invoiceTotal(lines), 2)]]).join("\n");
}
