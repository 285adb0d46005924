import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMoney } from "../src/money.ts";
import { costOf, summarise } from "../src/timesheet.ts";

test("an entry costs its hours times the price of one", () => {
  const cost = costOf({ person: "Ada", time: "1h 45m", hourly: "80.00 EUR" });
  assert.equal(formatMoney(cost, 2), "140.00 EUR");
});

test("a timesheet is summed up in a sentence", () => {
  const entries = [
    { person: "Ada", time: "2h", hourly: "80.00 EUR" },
    { person: "Grace", time: "1h 30m", hourly: "80.00 EUR" },
    { person: "Ada", time: "45s", hourly: "80.00 EUR" },
  ];
  assert.equal(summarise(entries), "2 people, 3h 30m 45s, 281.00 EUR");
  assert.equal(summarise([]), "no entries");
});
