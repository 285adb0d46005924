/** What an agent is asked when the person wants files that it holds. It is for a model to read, so in English. */
export const handOverRequest = (
  wanted: ReadonlyArray<string>,
  /** Whole leases are handed over, by the patterns that they were taken with. */
  held: ReadonlyArray<string>,
  /** The files are those of its cell, which it can't give away. */
  ofCell: boolean,
): { readonly subject: string; readonly body: string } => {
  const files = wanted.join(", ");
  const how = ofCell
    ? "They belong to your subtask, so you can't hand them over yourself. Finish with them soon, or leave them as they are if your subtask can do without them."
    : `If you are done with them, run \`ocvibe handover ${held.map(quoted).join(" ")} --to person\`.`;
  return {
    subject: `The person asks for ${files}`,
    body: `The person wants to work on ${files}, which you hold. ${how} Answer by mail to person: whether you give them up, and when.`,
  };
};

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
