/**
 * JSON with the keys of every object in code-unit order and no white space, so that equal values have equal
 * text and equal hashes (the ordering of RFC 8785; numbers as `JSON.stringify` writes them).
 */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
