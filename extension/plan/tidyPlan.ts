/** A planner's text as a document to read: models wrap JSON in a fence, or encode it twice, or print it on one line. */

/** Text that is no JSON at all stays as it is, for the person to mend. */
export const tidyPlan = (printed: string): string => {
  const text = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(printed)?.[1] ?? printed;
  const value = parsed(text);
  const plan = typeof value === "string" ? (parsed(value) ?? value) : value;
  return plan === undefined || typeof plan === "string" ? text : `${JSON.stringify(plan, null, 2)}\n`;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The title of the whole, where the text has one. */
export const planTitle = (text: string): string | undefined => {
  const title = (parsed(text) as { epic?: { title?: unknown } } | null | undefined)?.epic?.title;
  return typeof title === "string" && title.trim() !== "" ? title : undefined;
};

/** A plan to be written by hand, with everything that it must have. */
export const emptyPlan = (title: string): string =>
  `${JSON.stringify(
    {
      epic: { title, description: "" },
      subtasks: [{ title: "", description: "", files: [], dependencies: [], estimated_complexity: 2 }],
    },
    null,
    2,
  )}\n`;
