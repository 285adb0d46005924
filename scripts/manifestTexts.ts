/**
 * The texts of package.json that a person reads, for translators. In the repository they stand where they are used; in
 * what ships each is a key that `package.nls.json` (and `package.nls.<language>.json`) says the text of. The English
 * text is its own key.
 */

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json };

/** Fields of `contributes` and `capabilities` that are shown to a person, whatever they stand in. */
const shown = new Set([
  "title",
  "category",
  "name",
  "contextualTitle",
  "contents",
  "label",
  "altText",
  "description",
  "markdownDescription",
  "enumDescriptions",
  "markdownEnumDescriptions",
]);

/** The parts of the manifest with texts in place of which keys stand, and the texts. */
export const withKeys = <Manifest extends Readonly<Record<string, unknown>>>(
  manifest: Manifest,
): { readonly manifest: Manifest; readonly texts: Readonly<Record<string, string>> } => {
  const texts = new Map<string, string>();
  const keyed = (value: Json, isShown: boolean): Json => {
    if (typeof value === "string") {
      if (!isShown || value === "") return value;
      texts.set(value, value);
      return `%${value}%`;
    }
    if (Array.isArray(value)) return value.map((part: Json) => keyed(part, isShown));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value as { readonly [key: string]: Json }).map(([key, part]) => [
        key,
        // Below a field that is shown only lists of texts are.
        keyed(part, shown.has(key) && (typeof part === "string" || Array.isArray(part))),
      ]),
    );
  };
  const parts = ["contributes", "capabilities"].filter((part) => part in manifest);
  const changed = Object.fromEntries(parts.map((part) => [part, keyed(manifest[part] as Json, false)]));
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  return { manifest: { ...manifest, ...changed }, texts: Object.fromEntries(sorted) };
};
