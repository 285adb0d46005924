/**
 * Text that a person reads, in the editor's language. Files that decide what to say know nothing of the editor, so
 * that they can be tested without one: `extension.ts` hands the editor's translations in once, when it activates.
 * `{0}`, `{1}` … stand for the values. The message itself is the key, so it must be a literal.
 */
export type Value = string | number;
export type Translation = (message: string, ...values: Array<Value>) => string;

const asWritten: Translation = (message, ...values) =>
  message.replace(/\{(\d+)\}/g, (place, index: string) => String(values[Number(index)] ?? place));

let translation: Translation = asWritten;

export const setTranslation = (to: Translation): void => {
  translation = to;
};

export const t: Translation = (message, ...values) => translation(message, ...values);
