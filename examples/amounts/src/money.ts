/** Money, counted in the smallest unit of its currency, so that sums are exact. */

import { groupDigits, scaleDecimal, unscaleDecimal } from "./numbers.ts";

/** An amount in a currency, by its three-letter code: 12.50 EUR is 1250 minor units. */
export interface Money {
  readonly minor: number;
  readonly currency: string;
}

/**
 * Reads an amount with its currency.
 * @example parseMoney("1,250.50 EUR", 2) // { minor: 125_050, currency: "EUR" }
 * @example parseMoney("12.505 EUR", 2) // throws RangeError
 */
export function parseMoney(text: string, digits: number): Money {
  const [, amount = "", currency] = /^(-?[\d,]+(?:\.\d+)?) ([A-Z]{3})$/.exec(text.trim()) ?? [];
  if (currency === undefined) throw new RangeError(`not an amount of money: "${text}"`);
  return { minor: scaleDecimal(amount.replaceAll(",", ""), digits), currency };
}

/**
 * Writes an amount with its currency.
 * @example formatMoney({ minor: 125_050, currency: "EUR" }, 2) // "1,250.50 EUR"
 */
export function formatMoney(money: Money, digits: number): string {
  return `${groupDigits(unscaleDecimal(money.minor, digits))} ${money.currency}`;
}

/**
 * Adds amounts of one currency.
 * @example addMoney({ minor: 150, currency: "EUR" }, { minor: 50, currency: "EUR" }) // { minor: 200, currency: "EUR" }
 * @example addMoney({ minor: 150, currency: "EUR" }, { minor: 50, currency: "USD" }) // throws RangeError
 */
export function addMoney(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new RangeError(`can't add ${b.currency} to ${a.currency}`);
  return { minor: a.minor + b.minor, currency: a.currency };
}

/**
 * Multiplies an amount and rounds to the smallest unit, halves away from zero.
 * @example multiplyMoney({ minor: 333, currency: "EUR" }, 0.5) // { minor: 167, currency: "EUR" }
 */
export function multiplyMoney(money: Money, factor: number): Money {
  const product = money.minor * factor;
  return { minor: Math.sign(product) * Math.round(Math.abs(product)), currency: money.currency };
}
