import assert from "node:assert/strict";
import { test } from "node:test";
import { addMoney, formatMoney, multiplyMoney, parseMoney } from "../src/money.ts";

test("an amount is read in the smallest unit of its currency", () => {
  assert.deepEqual(parseMoney("12.50 EUR", 2), { minor: 1250, currency: "EUR" });
  assert.deepEqual(parseMoney("1250 JPY", 0), { minor: 1250, currency: "JPY" });
  assert.deepEqual(parseMoney("-0.125 KWD", 3), { minor: -125, currency: "KWD" });
});

test("what is no amount is refused", () => {
  for (const text of ["", "12.50", "EUR 12.50", "12.50 euro", "1.2.3 EUR"]) {
    assert.throws(() => parseMoney(text, 2), RangeError);
  }
  assert.throws(() => parseMoney("12.5 JPY", 0), /more than 0 digits/);
});

test("an amount is written with all its digits", () => {
  assert.equal(formatMoney({ minor: 5, currency: "USD" }, 2), "0.05 USD");
  assert.equal(formatMoney({ minor: 1_234_567, currency: "JPY" }, 0), "1,234,567 JPY");
  assert.equal(formatMoney({ minor: -1_234_567, currency: "BHD" }, 3), "-1,234.567 BHD");
});

test("what is written can be read", () => {
  for (const text of ["0.00 EUR", "1,000.01 CHF", "-7.00 GBP"]) {
    assert.equal(formatMoney(parseMoney(text, 2), 2), text);
  }
});

test("sums are exact, and of one currency", () => {
  const sum = addMoney(parseMoney("0.10 EUR", 2), parseMoney("0.20 EUR", 2));
  assert.equal(formatMoney(sum, 2), "0.30 EUR");
  assert.throws(() => addMoney(sum, parseMoney("1.00 USD", 2)), /can't add USD to EUR/);
});

test("a product is rounded, halves away from zero", () => {
  assert.equal(multiplyMoney({ minor: 5, currency: "EUR" }, 0.5).minor, 3);
  assert.equal(multiplyMoney({ minor: -5, currency: "EUR" }, 0.5).minor, -3);
});
