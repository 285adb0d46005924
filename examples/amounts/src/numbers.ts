/** Decimal numbers as text and as whole numbers of their smallest step, so that nothing is lost to rounding. */

/**
 * Puts a separator between each three digits in front of the decimal point.
 * @example groupDigits("1234567.25") // "1,234,567.25"
 * @example groupDigits("-1000") // "-1,000"
 * @example groupDigits("999") // "999"
 */
export function groupDigits(number: string): string {
  const [whole = "", fraction] = number.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/**
 * Reads a decimal number as a count of steps of 10^-digits. More digits than that are refused.
 * @example scaleDecimal("12.5", 2) // 1250
 * @example scaleDecimal("-3", 0) // -3
 * @example scaleDecimal("0.125", 2) // throws RangeError
 * @example scaleDecimal("twelve", 2) // throws RangeError
 */
export function scaleDecimal(text: string, digits: number): number {
  const [, sign = "", whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`not a decimal number: "${text}"`);
  if (fraction.length > digits) throw new RangeError(`more than ${digits} digits after the point: "${text}"`);
  const steps = Number(whole + fraction.padEnd(digits, "0"));
  if (!Number.isSafeInteger(steps)) throw new RangeError(`too large: "${text}"`);
  return sign === "-" && steps !== 0 ? -steps : steps;
}

/**
 * Writes a count of steps of 10^-digits as a decimal number.
 * @example unscaleDecimal(1250, 2) // "12.50"
 * @example unscaleDecimal(-5, 3) // "-0.005"
 * @example unscaleDecimal(42, 0) // "42"
 */
export function unscaleDecimal(steps: number, digits: number): string {
  const sign = steps < 0 ? "-" : "";
  const text = String(Math.abs(steps)).padStart(digits + 1, "0");
  const point = text.length - digits;
  return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}
