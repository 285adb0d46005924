/** JSON that keeps maps and sets, which models are made of. What refers to itself is left out. */

export const toJson = (value: unknown): string => {
  const above: Array<unknown> = [];
  return JSON.stringify(value, function (this: unknown, _key, part: unknown) {
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (typeof part === "function") return undefined;
    if (typeof part === "bigint") return Number(part);
    if (typeof part !== "object" || part === null) return part;
    if (above.includes(part)) return undefined;
    const plain =
      part instanceof Map ? { $map: [...part] } : part instanceof Set ? { $set: [...part] } : part;
    above.push(plain);
    return plain;
  });
};

/** `revive` may make more of an object than it is. */
export const fromJson = (text: string, revive: (value: object) => unknown = (value) => value): unknown =>
  JSON.parse(text, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null) return part;
    if ("$map" in part) return new Map(part.$map as ReadonlyArray<readonly [unknown, unknown]>);
    if ("$set" in part) return new Set(part.$set as ReadonlyArray<unknown>);
    return revive(part);
  });
