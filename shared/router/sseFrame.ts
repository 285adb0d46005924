/** One frame of a stream of server-sent events, as text. */
export const sseFrame = (frame: {
  readonly id?: string;
  readonly event?: string;
  readonly data?: unknown;
}): string => {
  const lines = [
    ...(frame.id === undefined ? [] : [`id: ${frame.id}`]),
    // A frame that only moves the position has a name, since readers may drop what has neither name nor data.
    ...(frame.event === undefined && frame.data !== undefined ? [] : [`event: ${frame.event ?? "position"}`]),
    // JSON has no line breaks, so one data line is enough.
    ...(frame.data === undefined ? [] : [`data: ${JSON.stringify(frame.data)}`]),
  ];
  return `${lines.join("\n")}\n\n`;
};
