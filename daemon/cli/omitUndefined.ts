/** An input without the fields that were not given: the contract's optional fields are absent, never undefined. */
export const omitUndefined = <T extends object>(
  given: T,
): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
} => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
