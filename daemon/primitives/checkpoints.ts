/** How far each named consumer has come. */
import type { StateTable } from "./Projection.ts";

export const checkpoints: StateTable = {
  name: "checkpoints",
  columns: {
    name: "text",
    seq: "integer",
    /** Who moved it last: each opening of the cursor is another consumer. */
    consumer: "text",
  },
  key: ["name"],
};
