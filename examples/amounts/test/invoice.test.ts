import assert from "node:assert/strict";
import { test } from "node:test";
import { type InvoiceLine, invoiceTotal, lineTotal, renderInvoice } from "../src/invoice.ts";
import { formatMoney } from "../src/money.ts";

const lines: ReadonlyArray<InvoiceLine> = [
  { item: "Tea", price: "3.20 EUR", quantity: 12 },
  { item: "Kettle", price: "1,049.00 EUR", quantity: 1 },
];

test("a line costs its price times its quantity", () => {
  assert.equal(formatMoney(lineTotal({ item: "Tea", price: "3.20 EUR", quantity: 12 }), 2), "38.40 EUR");
});

test("the total is the sum of the lines", () => {
  assert.equal(formatMoney(invoiceTotal(lines), 2), "1,087.40 EUR");
});

test("an invoice without lines is refused", () => {
  assert.throws(() => invoiceTotal([]), RangeError);
});

test("an invoice is a table", () => {
  assert.equal(
    renderInvoice(lines),
    [
      "Tea        12 x 3.20 EUR     38.40 EUR",
      "Kettle  1 x 1,049.00 EUR  1,049.00 EUR",
      "total                     1,087.40 EUR",
    ].join("\n"),
  );
});
